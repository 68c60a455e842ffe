"""What a container of ours may do on its node: as little as possible, and it says so."""

from collections.abc import Iterator
from typing import Any

from preflight.findings import Finding, found, rule
from preflight.render.cluster import Render
from preflight.render.pods import Container
from preflight.render.selection import every_pod
from preflight.rules.workloads.containers import ours

# Seldon's operator puts its own security context on the pod, so that only the container's counts.
CONTAINER_ONLY = {"SeldonDeployment"}


def effective(container: Container, key: str) -> Any:
    """A setting of the security context, the container's before the pod's; None where neither has it."""
    own = (container.body.get("securityContext") or {}).get(key)
    if own is not None or container.pod.resource.kind in CONTAINER_ONLY:
        return own
    return (container.pod.spec.get("securityContext") or {}).get(key)


@rule("run-as-root", "root in a container is root on the node as soon as one bug lets it out")
def run_as_root(render: Render) -> Iterator[Finding]:
    """RunAsNonRoot, and no user 0."""
    for container in ours(render):
        if effective(container, "runAsNonRoot") is not True:
            yield _asked("run-as-root", container, "runAsNonRoot", "true")
        elif effective(container, "runAsUser") == 0:
            yield _asked("run-as-root", container, "runAsUser", "1000")


@rule("root-writable", "a program that cannot change its own files cannot be changed by who breaks into it")
def root_writable(render: Render) -> Iterator[Finding]:
    """ReadOnlyRootFilesystem; what must be written goes into an emptyDir."""
    for container in ours(render):
        if effective(container, "readOnlyRootFilesystem") is not True:
            yield _asked("root-writable", container, "readOnlyRootFilesystem", "true")


@rule("privilege-escalation", "a setuid program would give back what running as nobody in particular took")
def privilege_escalation(render: Render) -> Iterator[Finding]:
    """AllowPrivilegeEscalation is false."""
    for container in ours(render):
        if effective(container, "allowPrivilegeEscalation") is not False:
            yield _asked("privilege-escalation", container, "allowPrivilegeEscalation", "false")


@rule("capabilities-kept", "the kernel's privileges come one by one, and no step of ours needs any")
def capabilities_kept(render: Render) -> Iterator[Finding]:
    """All capabilities are dropped."""
    for container in ours(render):
        if "ALL" not in ((effective(container, "capabilities") or {}).get("drop") or []):
            yield _asked("capabilities-kept", container, "capabilities.drop", "[ALL]")


@rule("seccomp-missing", "without a seccomp profile all of the kernel's calls are open to a container")
def seccomp_missing(render: Render) -> Iterator[Finding]:
    """The runtime's own seccomp profile, or one on the node."""
    for container in ours(render):
        if (effective(container, "seccompProfile") or {}).get("type") not in {"RuntimeDefault", "Localhost"}:
            yield _asked("seccomp-missing", container, "seccompProfile.type", "RuntimeDefault")


@rule("token-mounted", "a token that nothing uses is only of use to who breaks in")
def token_mounted(render: Render) -> Iterator[Finding]:
    """No token of the default service account: who needs the API has an account of its own."""
    for pod in every_pod(render):
        if pod.resource.origin.upstream or pod.service_account != "default":
            continue
        if pod.spec.get("automountServiceAccountToken") is not False:
            message = "the default account's token is mounted; set it to false, or name a service account"
            yield found("token-mounted", pod.resource, f"{pod.field}.automountServiceAccountToken", message)


def _asked(identifier: str, container: Container, key: str, value: str) -> Finding:
    field = f"{container.field}.securityContext.{key}"
    message = f"container {container.name} does not have it at {value}; set it there"
    return found(identifier, container.pod.resource, field, message)
