"""What a pod names and cannot start without: secrets, settings, accounts, claims, priorities."""

from collections.abc import Iterator
from typing import NamedTuple

from preflight.findings import Problem, Problems
from preflight.platform import operators
from preflight.platform.bringing import bringing
from preflight.platform.declared_secrets import declared
from preflight.platform.reach import Reach
from preflight.registry import rule
from preflight.render.cluster import Render, every_pod
from preflight.render.pods import Container, PodTemplate, containers, value_at
from preflight.render.resources import Body, Resource

# What every namespace, or every cluster, has by itself.
EVERYWHERE = {
    ("ConfigMap", "kube-root-ca.crt"),
    ("ConfigMap", "istio-ca-root-cert"),  # istiod puts it into every namespace
    ("ServiceAccount", "default"),
    ("PriorityClass", "system-cluster-critical"),
    ("PriorityClass", "system-node-critical"),
}
# What a program makes for itself when it starts, so that its pod waits for it.
SELF_MADE = {
    ("Secret", "argocd", "argocd-redis"): "argocd-redis' first init container",
    ("Secret", "argocd", "argocd-initial-admin-secret"): "argocd-server",
    ("Secret", "kubeflow", "katib-webhook-cert"): "katib-cert-generator",
    ("Secret", "pachyderm", "pachyderm-pjs-worker-authentication"): "pachd",
}
# A Profile's namespace gets these from Kubeflow's profile controller.
OF_A_PROFILE = {("ServiceAccount", "default-editor"), ("ServiceAccount", "default-viewer")}


MADE_OF = {"Secret": ("SealedSecret", "ExternalSecret", "Certificate")}
KINDS = ("Secret", "ConfigMap", "ServiceAccount", "PersistentVolumeClaim", "PriorityClass")


class Reference(NamedTuple):
    """Something that a pod names: its kind and name, a key of it where one is named, and where it stands.

    again: the object was named before, so that only the key is in question
    """

    kind: str
    name: str
    key: str
    field: str
    again: bool = False


Present = dict[
    tuple[str, str, str], set[str]
]  # kind, namespace, name: its keys, none where they are not known


@rule("dangling-reference", "a pod that names what is not there never starts")
def dangling_reference(render: Render) -> Problems:
    """Everything that a pod names, and every account that a binding names, is in the render."""
    there = present(render)
    for pod in every_pod(render):
        for reference in _references(pod):
            yield from _missing(render, there, pod.resource, reference)
    for resource in render.of("RoleBinding", "ClusterRoleBinding"):
        yield from _subjects(render, there, resource)


def fault(there: Present, kind: str, namespace: str, name: str, key: str = "") -> str:
    """What is wrong with a reference from a namespace; empty where nothing is."""
    space = "" if kind == "PriorityClass" else namespace
    if (kind, name) in EVERYWHERE or (kind, space, name) in SELF_MADE:
        return ""
    keys = there.get((kind, space, name))
    if keys is None:
        place = "cluster-conf/secrets.yaml" if kind == "Secret" else "an application"
        return f"there is no {kind} {space}/{name}; add it to {place}, or fix the name"
    if key and keys and key not in keys:
        return f"{kind} {name} has no key {key}; it has {', '.join(sorted(keys))}"
    return ""


def bringing_it(render: Render, kind: str, namespace: str) -> list[Reach]:
    """The applications, not rendered, that may bring what a pod names, or what an operator makes it of."""
    if kind == "PriorityClass":  # it is the whole cluster's
        return bringing(render, [kind])
    by_profile = bringing(render, ["Profile"]) if kind == "ServiceAccount" else []
    return [*bringing(render, [kind, *MADE_OF.get(kind, ())], namespace), *by_profile]


def _missing(render: Render, there: Present, resource: Resource, reference: Reference) -> Problems:
    kind, name, key, field, again = reference
    message = fault(there, kind, resource.namespace, name, key)
    if message and not (again and fault(there, kind, resource.namespace, name)):
        yield Problem(resource, field, message, message, unless=bringing_it(render, kind, resource.namespace))


def _subjects(render: Render, there: Present, resource: Resource) -> Problems:
    """The accounts that a binding of ours names: upstreams bind some that other variants have."""
    for index, subject in enumerate(resource.body.get("subjects") or []):
        account = ("ServiceAccount", subject.get("namespace") or resource.namespace, subject.get("name"))
        ours = subject.get("kind") == "ServiceAccount" and not resource.origin.upstream
        if ours and account not in there and account[2] != "default":
            message = f"there is no ServiceAccount {account[1]}/{account[2]}; add it, or fix the name"
            yield Problem(
                resource,
                f"subjects[{index}].name",
                message,
                message,
                unless=bringing_it(render, account[0], str(account[1])),
            )


def _references(pod: PodTemplate) -> Iterator[Reference]:
    yield Reference("ServiceAccount", pod.service_account, "", f"{pod.field}.serviceAccountName")
    if pod.spec.get("priorityClassName"):
        yield Reference("PriorityClass", pod.spec["priorityClassName"], "", f"{pod.field}.priorityClassName")
    for index, each in enumerate(pod.spec.get("imagePullSecrets") or []):
        yield Reference("Secret", str(each.get("name")), "", f"{pod.field}.imagePullSecrets[{index}].name")
    for index, volume in enumerate(pod.spec.get("volumes") or []):
        yield from _of_volume(volume, f"{pod.field}.volumes[{index}]")
    for container in containers(pod):
        yield from _of_container(container)


def _of_volume(volume: Body, field: str) -> Iterator[Reference]:
    claim = value_at(volume, "persistentVolumeClaim.claimName")
    if claim:
        yield Reference("PersistentVolumeClaim", claim, "", f"{field}.persistentVolumeClaim.claimName")
    yield from _source(volume.get("secret"), "Secret", "secretName", f"{field}.secret")
    yield from _source(volume.get("configMap"), "ConfigMap", "name", f"{field}.configMap")
    for index, each in enumerate(value_at(volume, "projected.sources") or []):
        inside = f"{field}.projected.sources[{index}]"
        yield from _source(each.get("secret"), "Secret", "name", f"{inside}.secret")
        yield from _source(each.get("configMap"), "ConfigMap", "name", f"{inside}.configMap")


def _source(source: Body | None, kind: str, key: str, field: str) -> Iterator[Reference]:
    """A Secret or ConfigMap as files: itself, then each key that is named; none where it may be missing."""
    if source and not source.get("optional"):
        yield Reference(kind, str(source.get(key)), "", f"{field}.{key}")
        for index, item in enumerate(source.get("items") or []):
            inside = f"{field}.items[{index}].key"
            yield Reference(kind, str(source.get(key)), str(item.get("key")), inside, again=True)


def _of_container(container: Container) -> Iterator[Reference]:
    for index, variable in enumerate(container.body.get("env") or []):
        for source, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            told = value_at(variable, f"valueFrom.{source}")
            if told and not told.get("optional"):
                field = f"{container.field}.env[{index}].valueFrom.{source}"
                yield Reference(kind, str(told.get("name")), str(told.get("key") or ""), field)
    for index, each in enumerate(container.body.get("envFrom") or []):
        for source, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            yield from _source(each.get(source), kind, "name", f"{container.field}.envFrom[{index}].{source}")


def present(render: Render) -> Present:
    """Everything that a pod may name, with its keys."""
    made: Present = {}
    for resource in render.of(*KINDS):
        keys = {key for part in ("data", "stringData", "binaryData") for key in resource.body.get(part) or {}}
        made[resource.kind, resource.namespace, resource.name] = keys
    for namespace, name, keys in operators.secrets(render):
        made["Secret", namespace, name] = keys
    for secret in declared(render.tree, render.cluster):
        made["Secret", secret.namespace, secret.name] = set(secret.keys)
    for profile in render.of("Profile"):
        made |= {(kind, profile.name, name): set() for kind, name in OF_A_PROFILE}
    return made
