"""Kubernetes' Pod Security Standards: what a level has against a pod.

https://kubernetes.io/docs/concepts/security/pod-security-standards of Kubernetes 1.34; what concerns Windows
and AppArmor's older annotations is left out.
"""

import re
from collections.abc import Iterator
from typing import Any

from katib.experiment import value_at
from preflight.render.pods import Container, PodTemplate, containers

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
