"""What a push would delete of an application: CRDs, namespaces and claims."""

from collections.abc import Iterator

from preflight.diff.compare import Difference, ObjectChange
from preflight.diff.dangers import Danger, Outcome, costs, danger
from preflight.diff.endings import endings, kept
from preflight.diff.rules.namespaces import renamed
from preflight.diff.syncing import sync_options

KEEPING = ("Prune=false", "Delete=false")


@danger("definition-removed")
def definition_removed(difference: Difference) -> Iterator[Danger]:
    """A CRD: when it goes, so does every object of its kind, in all namespaces."""
    for change in _removed(difference, "CustomResourceDefinition"):
        kind = change.value("spec.names.kind", change.before)
        ours = len(difference.before.by_kind.get(str(kind), []))
        lost = f"every {kind} on the cluster is deleted with it, {ours} of this repository and those of users"
        yield _costs("definition-removed", change, lost, difference)


@danger("namespace-removed")
def namespace_removed(difference: Difference) -> Iterator[Danger]:
    """A namespace: when it goes, so does everything in it, whoever made it."""
    elsewhere = {old for old, _ in renamed(difference)}
    for change in _removed(difference, "Namespace"):
        if change.resource.name not in elsewhere:
            held = sum(each.namespace == change.resource.name for each in difference.before.resources)
            lost = (
                f"all that is in it is deleted, {held} objects of this repository and what users made there"
            )
            yield _costs("namespace-removed", change, lost, difference)


@danger("claim-removed")
def claim_removed(difference: Difference) -> Iterator[Danger]:
    """A claim: when it goes, so does the volume, unless its class retains it."""
    for change in _removed(difference, "PersistentVolumeClaim"):
        lost = "the claim is deleted, and its data with it unless the StorageClass retains volumes"
        yield _costs("claim-removed", change, lost, difference)


@danger("data-left-behind")
def data_left_behind(difference: Difference) -> Iterator[Danger]:
    """A StatefulSet goes; the claims that it made do not."""
    for change in _removed(difference, "StatefulSet"):
        templates = change.value("spec.volumeClaimTemplates", change.before) or []
        if templates:
            message = "its pods end; the claims of its volumeClaimTemplates stay and must be deleted by hand"
            yield costs("data-left-behind", Outcome.KEPT, change, message)


@danger("unprotected")
def unprotected(difference: Difference) -> Iterator[Danger]:
    """An object that will no longer be kept when it leaves Git."""
    for change in difference.objects:
        if change.before and change.after:
            lost = sorted(set(KEEPING) & sync_options(change.before) - sync_options(change.after))
            if lost:
                message = f"no longer {','.join(lost)}: from now on it is deleted when it leaves Git"
                yield costs("unprotected", Outcome.OPENED, change, message, "metadata.annotations")


@danger("object-moved")
def object_moved(difference: Difference) -> Iterator[Danger]:
    """An object that another application brings from now on, while the former stays."""
    ended = endings(difference.before, difference.after)
    for change in difference.objects:
        if change.verb == "moved" and change.before and change.before.application not in ended:
            message = (
                f"goes from application {change.before.application} to this one: where the former prunes it "
                "before this one has taken it over, it is deleted and made anew"
            )
            yield costs("object-moved", Outcome.RECREATED, change, message)


def _removed(difference: Difference, kind: str) -> Iterator[ObjectChange]:
    return (each for each in difference.objects if each.verb == "removed" and each.resource.kind == kind)


def _costs(identifier: str, change: ObjectChange, lost: str, difference: Difference) -> Danger:
    keeping = kept(change.resource, difference.before, difference.after)
    if keeping:
        message = f"stays on the cluster, kept by {keeping}, and must be deleted by hand; else {lost}"
        return costs(identifier, Outcome.KEPT, change, message)
    return costs(identifier, Outcome.REMOVED, change, lost)
