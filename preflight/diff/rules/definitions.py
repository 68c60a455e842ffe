"""Versions of a CRD that are no longer served."""

from collections.abc import Iterator

from preflight.diff.compare import Difference, ObjectChange
from preflight.diff.dangers import Danger, Outcome, costs, danger
from preflight.render.resources import Resource


@danger("version-unserved")
def version_unserved(difference: Difference) -> Iterator[Danger]:
    """A version that clients may still ask for, and in which objects may still be stored."""
    for change in difference.objects:
        if change.resource.kind == "CustomResourceDefinition" and change.before and change.after:
            for version, stored in _served(change, change.before).items():
                if version not in _served(change, change.after):
                    yield _unserved(change, version, stored=stored)


def _served(change: ObjectChange, side: Resource) -> dict[str, bool]:
    """The served versions, each with whether objects are stored in it."""
    versions = change.value("spec.versions", side) or []
    return {each["name"]: bool(each.get("storage")) for each in versions if each.get("served")}


def _unserved(change: ObjectChange, version: str, *, stored: bool) -> Danger:
    if stored and version not in {each["name"] for each in change.value("spec.versions", change.after)}:
        message = (
            f"{version} goes, in which objects are stored: the server refuses the CRD until all are stored "
            "in another version and status.storedVersions says so"
        )
        return costs("version-unserved", Outcome.REFUSED, change, message, "spec.versions")
    message = f"{version} is no longer served: clients and manifests that name it fail"
    return costs("version-unserved", Outcome.STOPPED, change, message, "spec.versions")
