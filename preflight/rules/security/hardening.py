"""What a container of ours may do on its node: as little as possible, and it says so."""

from functools import partial
from typing import Any

from preflight.findings import Faults
from preflight.registry import rule
from preflight.render.cluster import every_pod, our_containers
from preflight.render.pods import Container, PodTemplate

# Seldon's operator puts its own security context on the pod, so that only the container's counts.
CONTAINER_ONLY = {"SeldonDeployment"}
_hardening = partial(rule, of=our_containers)


def effective(container: Container, key: str) -> Any:
    """A setting of the security context, the container's before the pod's; None where neither has it."""
    own = (container.body.get("securityContext") or {}).get(key)
    if own is not None or container.pod.resource.kind in CONTAINER_ONLY:
        return own
    return (container.pod.spec.get("securityContext") or {}).get(key)


@_hardening("run-as-non-root", "root in a container is root on the node as soon as one bug lets it out")
def run_as_non_root(container: Container) -> Faults:
    """RunAsNonRoot, and no user 0."""
    if effective(container, "runAsNonRoot") is not True:
        yield _asked(container, "runAsNonRoot", "true")
    elif effective(container, "runAsUser") == 0:
        yield _asked(container, "runAsUser", "1000")


@_hardening(
    "no-read-only-root-fs",
    "a program that cannot change its own files cannot be changed by who breaks into it",
)
def no_read_only_root_fs(container: Container) -> Faults:
    """ReadOnlyRootFilesystem; what must be written goes into an emptyDir."""
    if effective(container, "readOnlyRootFilesystem") is not True:
        yield _asked(container, "readOnlyRootFilesystem", "true")


@_hardening(
    "privilege-escalation-container",
    "a setuid program would give back what running as nobody in particular took",
)
def privilege_escalation_container(container: Container) -> Faults:
    """AllowPrivilegeEscalation is false."""
    if effective(container, "allowPrivilegeEscalation") is not False:
        yield _asked(container, "allowPrivilegeEscalation", "false")


@_hardening(
    "capabilities-not-dropped", "the kernel's privileges come one by one, and no step of ours needs any"
)
def capabilities_not_dropped(container: Container) -> Faults:
    """All capabilities are dropped."""
    if "ALL" not in ((effective(container, "capabilities") or {}).get("drop") or []):
        yield _asked(container, "capabilities.drop", "[ALL]")


@_hardening(
    "unset-seccomp-profile", "without a seccomp profile all of the kernel's calls are open to a container"
)
def unset_seccomp_profile(container: Container) -> Faults:
    """The runtime's own seccomp profile, or one on the node."""
    if (effective(container, "seccompProfile") or {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield _asked(container, "seccompProfile.type", "RuntimeDefault")


@rule(
    "automounted-service-account-token",
    "a token that nothing uses is only of use to who breaks in",
    of=every_pod,
)
def automounted_service_account_token(pod: PodTemplate) -> Faults:
    """No token of the default service account: who needs the API has an account of its own."""
    if pod.resource.origin.upstream or pod.service_account != "default":
        return
    if pod.spec.get("automountServiceAccountToken") is not False:
        message = "the default account's token is mounted; set it to false, or name a service account"
        yield f"{pod.field}.automountServiceAccountToken", message


def _asked(container: Container, key: str, value: str) -> tuple[str, str]:
    message = f"container {container.name} does not have it at {value}; set it there"
    return f"{container.field}.securityContext.{key}", message
