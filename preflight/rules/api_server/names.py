"""Names, labels and annotations, as apimachinery's validation has them."""

import re
from collections.abc import Iterable, Mapping

from preflight.findings import Faults
from preflight.registry import Phase, rule
from preflight.render.pods import PodTemplate, containers, pod_templates
from preflight.render.resources import Resource
from preflight.schemas.check import sound

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(rf"{LABEL.pattern}(\.{LABEL.pattern})*")
DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
PORT = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_LABEL, LONGEST_NAME, LONGEST_PORT, LONGEST_CRON_JOB = 63, 253, 15, 52
ANNOTATIONS_BYTES = 256 * 1024
# Kinds whose name may hold any character but a slash and a per cent sign.
FREE = {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}


@rule(
    "schema-name",
    "the API server refuses names that DNS or a label could not hold",
    of=sound,
    phase=Phase.SCHEMAS,
)
def names(resource: Resource) -> Faults:
    """Every name, label and annotation, of the object and of the pods that it makes."""
    wrong = [*of_object(resource), *of_metadata(resource.labels, resource.annotations, "metadata")]
    for index, finalizer in enumerate(resource.metadata.get("finalizers") or []):
        wrong += key(f"metadata.finalizers[{index}]", str(finalizer))
    for pod in pod_templates(resource):
        wrong += of_pod(pod)
    yield from wrong


def of_object(resource: Resource) -> Faults:
    """The object's own name and its namespace's."""
    name = resource.name
    if not name:
        yield "metadata.name", "it has no name; give it one"
    elif resource.kind in FREE:
        if name in {".", ".."} or {"/", "%"} & set(name):
            yield "metadata.name", f"{name} has a slash or a per cent sign; leave it out"
    elif resource.kind == "Service":
        yield from named("metadata.name", name, DNS_1035, LONGEST_LABEL)
    elif resource.kind == "Namespace":
        yield from named("metadata.name", name, LABEL, LONGEST_LABEL)
    else:
        prefix = name.rstrip("-") if "generateName" in resource.metadata else name
        longest = LONGEST_CRON_JOB if resource.kind == "CronJob" else LONGEST_NAME
        yield from named("metadata.name", prefix, SUBDOMAIN, longest)
    if resource.namespace:
        yield from named("metadata.namespace", resource.namespace, LABEL, LONGEST_LABEL)


def of_metadata(own: Mapping[str, str], annotations: Mapping[str, str], field: str) -> Faults:
    """Keys of both, values of labels, and how much annotations hold together."""
    yield from labels(own, f"{field}.labels")
    for name in annotations:
        yield from key(f"{field}.annotations[{name}]", name.lower())
    size = sum(len(f"{name}{value}".encode()) for name, value in annotations.items())
    if size > ANNOTATIONS_BYTES:
        yield (
            f"{field}.annotations",
            f"they hold {size} bytes, and 262144 are allowed; move some to a ConfigMap",
        )


def labels(own: Mapping[str, str], field: str) -> Faults:
    """Keys and values of labels."""
    for name, value in own.items():
        yield from key(f"{field}[{name}]", name)
        if len(str(value)) > LONGEST_LABEL or not (value == "" or QUALIFIED.fullmatch(str(value))):
            told = "at most 63 letters, digits, dots, dashes and underscores"
            yield f"{field}[{name}]", f"a label's value has {told}; {value} has others"


def of_pod(pod: PodTemplate) -> Faults:
    """Labels of a pod, and the names of its containers, ports and volumes."""
    yield from of_metadata(pod.labels, {}, pod.field.removesuffix("spec") + "metadata")
    yield from labels(pod.spec.get("nodeSelector") or {}, f"{pod.field}.nodeSelector")
    for index, volume in enumerate(pod.spec.get("volumes") or []):
        yield from named(f"{pod.field}.volumes[{index}].name", volume.get("name"), LABEL, LONGEST_LABEL)
    for container in containers(pod):
        yield from named(f"{container.field}.name", container.name, LABEL, LONGEST_LABEL)
        yield from _ports(container.body.get("ports") or [], container.field)


def _ports(ports: Iterable[Mapping[str, object]], field: str) -> Faults:
    for index, port in enumerate(ports):
        if port.get("name"):
            yield from named(f"{field}.ports[{index}].name", port["name"], PORT, LONGEST_PORT)


def named(field: str, name: object, pattern: re.Pattern[str], longest: int) -> Faults:
    """What is wrong with a name that must match a pattern and not be too long."""
    if name in {None, ""}:
        return  # that it is missing is for the schema to say
    text = str(name)
    if len(text) > longest:
        yield field, f"{text} has {len(text)} characters, and {longest} are allowed; shorten it"
    elif not pattern.fullmatch(text):
        first = "begin with a letter" if pattern is DNS_1035 else "begin with a letter or a digit"
        yield field, f"{text} must be of a-z, 0-9 and dashes, {first} and end with one; rename it"


def key(field: str, written: str) -> Faults:
    """What is wrong with the key of a label or an annotation."""
    prefix, slash, name = written.rpartition("/")
    if len(name) > LONGEST_LABEL or not QUALIFIED.fullmatch(name):
        yield field, f"its last part has at most 63 letters, digits, dots, dashes; {name} does not"
    elif slash and (len(prefix) > LONGEST_NAME or not SUBDOMAIN.fullmatch(prefix)):
        yield field, f"its first part is a domain name; {prefix} is none"
