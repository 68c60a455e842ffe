"""Guards that are taken down: quotas, pod security, strict mTLS; for who may reach whom see traffic."""

from collections.abc import Iterator

from preflight.diff.compare import Difference, ObjectChange
from preflight.diff.dangers import Danger, Outcome, costs, danger

GUARDS = {
    "PeerAuthentication": "traffic without mutual TLS may be taken again",
    "RequestAuthentication": "tokens are no longer checked",
    "ResourceQuota": "its namespace may take the whole cluster",
    "LimitRange": "containers without limits get none",
    "PodDisruptionBudget": "a drained node may take all pods at once",
    "ValidatingWebhookConfiguration": "what it refused is taken",
    "ValidatingAdmissionPolicy": "what it refused is taken",
    "ValidatingAdmissionPolicyBinding": "what its policy refused is taken",
}
LEVELS = {"privileged": 0, "baseline": 1, "restricted": 2}
ENFORCE = "pod-security.kubernetes.io/enforce"


@danger("guard-removed")
def guard_removed(difference: Difference) -> Iterator[Danger]:
    """A guard that goes while what it guards stays."""
    for change in difference.objects:
        staying = change.resource.application in difference.after.applications
        if change.verb == "removed" and change.resource.kind in GUARDS and staying:
            yield costs("guard-removed", Outcome.OPENED, change, GUARDS[change.resource.kind])


@danger("guard-weakened")
def guard_weakened(difference: Difference) -> Iterator[Danger]:
    """A guard that stays and asks less."""
    for change in difference.objects:
        if change.before and change.after:
            yield from _pod_security(change)
            old, new = (change.value("spec.mtls.mode", side) for side in (change.before, change.after))
            if change.resource.kind == "PeerAuthentication" and old == "STRICT" != new:
                message = (
                    f"mutual TLS is {new or 'as the mesh says'} where it was STRICT: plain traffic is taken"
                )
                yield costs("guard-weakened", Outcome.OPENED, change, message, "spec.mtls.mode")


def _pod_security(change: ObjectChange) -> Iterator[Danger]:
    if change.resource.kind != "Namespace" or change.before is None:
        return
    old, new = (side.labels.get(ENFORCE, "privileged") for side in (change.before, change.resource))
    if LEVELS.get(new, 0) < LEVELS.get(old, 0):
        message = f"pod security falls from {old} to {new}: pods that were refused may run"
        yield costs("guard-weakened", Outcome.OPENED, change, message, f'metadata.labels["{ENFORCE}"]')
