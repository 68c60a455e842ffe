"""What a pod names and cannot start without: secrets, settings, accounts, claims, priorities."""

from collections.abc import Iterator
from typing import NamedTuple

from katib.experiment import value_at
from preflight.findings import Problem, Problems
from preflight.platform.present import Present, bringing_it, fault, present
from preflight.registry import rule
from preflight.render.cluster import Render, every_pod
from preflight.render.pods import Container, PodTemplate, containers
from preflight.render.resources import Body, Resource


class Reference(NamedTuple):
    """Something that a pod names: its kind and name, a key of it where one is named, and where it stands.

    again: the object was named before, so that only the key is in question
    """

    kind: str
    name: str
    key: str
    field: str
    again: bool = False


@rule("dangling-reference", "a pod that names what is not there never starts")
def dangling_reference(render: Render) -> Problems:
    """Everything that a pod names, and every account that a binding names, is in the render."""
    there = present(render)
    for pod in every_pod(render):
        for reference in _references(pod):
            yield from _missing(render, there, pod.resource, reference)
    for resource in render.of("RoleBinding", "ClusterRoleBinding"):
        yield from _subjects(render, there, resource)


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
