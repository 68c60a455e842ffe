"""Kubernetes' Pod Security Standards, as the API server's admission judges the pods of a namespace.

https://kubernetes.io/docs/concepts/security/pod-security-standards of Kubernetes 1.34; what concerns Windows
and AppArmor's older annotations is left out.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from preflight.admission.made import Made
from preflight.admission.made import every_pod as every_made
from preflight.admission.workloads import runs, standing
from preflight.findings import Faults, Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render, every_pod
from preflight.render.pods import Container, PodTemplate, containers, value_at
from preflight.render.resources import Resource

ENFORCE = "pod-security.kubernetes.io/enforce"
LEVELS = ("privileged", "baseline", "restricted")
DEFAULT_CAPABILITIES = re.compile(
    "AUDIT_WRITE|CHOWN|DAC_OVERRIDE|FOWNER|FSETID|KILL|MKNOD|NET_BIND_SERVICE"
    "|SETFCAP|SETGID|SETPCAP|SETUID|SYS_CHROOT"
)
SAFE_VOLUMES = re.compile(
    "configMap|csi|downwardAPI|emptyDir|ephemeral|image|persistentVolumeClaim|projected|secret"
)
SELINUX_TYPES = {"container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
Violation = tuple[str, str]


@rule(
    "unset-pod-security-level",
    "a namespace without a level takes every pod, privileged ones too",
    of="Namespace",
)
def unset_pod_security_level(resource: Resource) -> Faults:
    """Every namespace says which pods it takes."""
    if resource.labels.get(ENFORCE) not in LEVELS:
        message = f"no Pod Security level; set {ENFORCE} as strict as its pods allow"
        yield "metadata.labels", message


@rule(
    "pod-security-violation", "the API server refuses such a pod, and its Deployment stands at zero for ever"
)
def pod_security_violation(render: Render) -> Problems:
    """No pod that its namespace's level refuses, what others add to it included."""
    levels = {each.name: each.labels.get(ENFORCE, "privileged") for each in render.of("Namespace")}
    for pod in every_pod(render):
        level = levels.get(pod.resource.namespace, "privileged")
        for field, message in violations(pod, level):
            told = f"{message}, and its namespace is {level}; change the pod, or the level"
            cause = f"namespace {pod.resource.namespace} takes no pods that are less than {level}"
            yield Problem(pod.resource, field, told, cause)
    yield from _added(render, levels)


def _added(render: Render, levels: dict[str, str]) -> Problems:
    """What is in no template of ours, a sidecar or a pipeline's step: found at the level that refuses it."""
    refused: dict[Violation, list[str]] = defaultdict(list)
    for made in every_made(standing(render), runs(render)):
        for message in _of_what_is_added(made, levels.get(made.namespace, "privileged")):
            refused[made.namespace, message].append(made.name)
    spaces = {each.name: each for each in render.of("Namespace")}
    for (name, message), pods in refused.items():
        who = f"{pods[0]} and {len(pods) - 1} more" if len(pods) > 1 else pods[0]
        told = f"it refuses {who}: {message}; lower the level, or change what adds it"
        yield Problem(spaces[name], f"metadata.labels.{ENFORCE}", told)


def _of_what_is_added(made: Made, level: str) -> Iterator[str]:
    for body in (*made.before, *made.beside):
        spec = {**made.pod.spec, "initContainers": [], "containers": [body], "volumes": []}
        for field, message in violations(replace(made.pod, field="", spec=spec), level):
            if field.startswith(".containers"):
                yield f"of its container {body.get('name')}, {message}"


def violations(pod: PodTemplate, level: str) -> Iterator[Violation]:
    """What a level has against a pod: fields, and what they do."""
    if level in {"baseline", "restricted"}:
        yield from _baseline_pod(pod)
        for container in containers(pod):
            yield from _baseline_container(container)
    if level == "restricted":
        yield from _restricted_volumes(pod)
        for container in containers(pod):
            yield from _restricted_container(container)


def _baseline_pod(pod: PodTemplate) -> Iterator[Violation]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(key):
            yield f"{pod.field}.{key}", "it shares the node's namespace"
    for index, volume in enumerate(pod.spec.get("volumes") or []):
        if "hostPath" in volume:
            yield f"{pod.field}.volumes[{index}].hostPath", "it mounts a path of the node"
    yield from _baseline_context(pod.spec, pod.field)


def _baseline_container(container: Container) -> Iterator[Violation]:
    context = f"{container.field}.securityContext"
    if _own(container, "privileged"):
        yield f"{context}.privileged", "it is privileged"
    for capability in _own(container, "capabilities.add") or []:
        if not DEFAULT_CAPABILITIES.fullmatch(capability):
            yield f"{context}.capabilities.add", f"it adds {capability}"
    if _own(container, "procMount") not in {None, "Default"}:
        yield f"{context}.procMount", "it sees the node's /proc"
    for index, port in enumerate(container.body.get("ports") or []):
        if port.get("hostPort"):
            yield f"{container.field}.ports[{index}].hostPort", "it opens a port of the node"
    yield from _baseline_context(container.body, container.field)


def _baseline_context(body: Any, field: str) -> Iterator[Violation]:
    """What may stand in the security context of a pod and of a container alike."""
    if value_at(body, "securityContext.seccompProfile.type") == "Unconfined":
        yield f"{field}.securityContext.seccompProfile.type", "it has no seccomp profile"
    if value_at(body, "securityContext.appArmorProfile.type") == "Unconfined":
        yield f"{field}.securityContext.appArmorProfile.type", "it has no AppArmor profile"
    labels = value_at(body, "securityContext.seLinuxOptions") or {}
    if labels.get("type", "container_t") not in SELINUX_TYPES or labels.get("user") or labels.get("role"):
        yield f"{field}.securityContext.seLinuxOptions", "it has an SELinux label of its own"


def _restricted_volumes(pod: PodTemplate) -> Iterator[Violation]:
    for index, volume in enumerate(pod.spec.get("volumes") or []):
        if not all(map(SAFE_VOLUMES.fullmatch, volume.keys() - {"name", "hostPath"})):
            yield f"{pod.field}.volumes[{index}]", "it mounts a volume of a kind that bypasses claims"


def _restricted_container(container: Container) -> Iterator[Violation]:
    context = f"{container.field}.securityContext"
    if _own(container, "allowPrivilegeEscalation") is not False:
        yield f"{context}.allowPrivilegeEscalation", "it may gain privileges"
    if _effective(container, "runAsNonRoot") is not True:
        yield f"{context}.runAsNonRoot", "it may run as root"
    if _effective(container, "runAsUser") == 0:
        yield f"{context}.runAsUser", "it runs as root"
    if _effective(container, "seccompProfile.type") not in {"RuntimeDefault", "Localhost"}:
        yield f"{context}.seccompProfile.type", "it names no seccomp profile"
    if "ALL" not in (_own(container, "capabilities.drop") or []):
        yield f"{context}.capabilities.drop", "it keeps capabilities"
    for capability in _own(container, "capabilities.add") or []:
        if DEFAULT_CAPABILITIES.fullmatch(capability) and capability != "NET_BIND_SERVICE":
            yield f"{context}.capabilities.add", f"it adds {capability}"


def _own(container: Container, key: str) -> Any:
    return value_at(container.body, f"securityContext.{key}")


def _effective(container: Container, key: str) -> Any:
    own = _own(container, key)
    return value_at(container.pod.spec, f"securityContext.{key}") if own is None else own
