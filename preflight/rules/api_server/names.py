"""Names, labels and annotations, as apimachinery's validation has them."""

from collections.abc import Iterable, Mapping

from preflight.findings import Faults
from preflight.registry import schema_rule
from preflight.render.pods import PodTemplate, containers, pod_templates
from preflight.render.resources import Resource
from preflight.schemas.check import sound
from preflight.schemas.dns import (
    DNS_1035,
    LABEL,
    LONGEST_CRON_JOB,
    LONGEST_LABEL,
    LONGEST_NAME,
    LONGEST_PORT,
    PORT,
    SUBDOMAIN,
    key,
    labels,
    named,
)

ANNOTATIONS_BYTES = 256 * 1024
# Kinds whose name may hold any character but a slash and a per cent sign.
FREE = {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}


@schema_rule("schema-name", "the API server refuses names that DNS or a label could not hold", of=sound)
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
