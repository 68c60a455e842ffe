"""Fields that the API server, or an admission webhook, does not let anybody change."""

from collections.abc import Iterator
from pathlib import Path as File

import yaml

from preflight.diff.compare import Difference, ObjectChange
from preflight.diff.dangers import Danger, Outcome, costs, danger
from preflight.diff.paths import Path, overlaps, shown, starts
from preflight.diff.syncing import is_hook, sync_options
from preflight.quantities import quantity
from preflight.render.resources import Resource

# By kind and group: fields that nobody may change, and what may change below them all the same.
Told = dict[str, list[str]]
FIELDS: dict[str, Told] = yaml.safe_load(
    File(__file__).with_name("immutable.yaml").read_text(encoding="utf-8")
)
SEALED = ("data", "stringData", "binaryData", "immutable")
SIZE = "spec.resources.requests.storage"


@danger("immutable-field")
def immutable_field(difference: Difference) -> Iterator[Danger]:
    """A change that the server refuses, unless the object is to be replaced by force."""
    for change in difference.objects:
        for path in refused(change):
            yield _refused(change, path, difference)


def refused(change: ObjectChange) -> list[Path]:
    """The paths of a change to an object that stays which the server will not take."""
    if change.verb not in {"changed", "moved"} or is_hook(change.resource):
        return []
    return [each.path for each in change.fields if _is_immutable(change, each.path)]


def _is_immutable(change: ObjectChange, path: Path) -> bool:
    resource = change.resource
    if resource.kind in {"ConfigMap", "Secret"} and change.value("immutable", change.before) is True:
        return path[0] in SEALED
    if resource.kind == "PersistentVolumeClaim" and starts(path, SIZE):
        return _shrinks(change)
    told = _told(resource)
    immutable = any(overlaps(path, each) for each in told.get("immutable", ()))
    return immutable and not any(starts(path, each) for each in told.get("mutable", ()))


def _told(resource: Resource) -> Told:
    return FIELDS.get(f"{resource.kind}.{resource.group}".rstrip("."), {})


def _refused(change: ObjectChange, path: Path, difference: Difference) -> Danger:
    application = difference.after.applications.get(change.resource.application)
    options = sync_options(change.resource) | (application.sync_options if application else frozenset())
    if {"Force=true", "Replace=true"} <= options:
        message = (
            f"{shown(path)} is immutable, and Force=true,Replace=true deletes the object and makes it anew"
        )
        return costs("immutable-field", Outcome.RECREATED, change, message, path)
    message = (
        f"{_field(change, path)} is immutable: the server refuses the object, its application stays "
        f"OutOfSync and what runs stays as it is; {_way_out(change.resource.kind)}"
    )
    return costs("immutable-field", Outcome.REFUSED, change, message, path)


def _field(change: ObjectChange, path: Path) -> str:
    """The immutable field itself, of which the path may be a part deep inside."""
    prefixes = _told(change.resource).get("immutable", ())
    return next((each for each in prefixes if each != "spec" and starts(path, each)), shown(path))


def _way_out(kind: str) -> str:
    if kind == "PersistentVolumeClaim":
        return "make a new claim and copy the data"
    if kind in {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"}:
        return "give it a new name, or delete it with --cascade=orphan just before the sync"
    if kind == "CustomResourceDefinition":
        return "a new kind, or deleting the CRD with all its objects, is the only way"
    return "give it a new name, so that a new one is made and the old one pruned"


def _shrinks(change: ObjectChange) -> bool:
    old, new = (change.value(SIZE, side) for side in (change.before, change.after))
    before, after = quantity(old), quantity(new)
    return before is not None and after is not None and after < before


@danger("claim-grows")
def claim_grows(difference: Difference) -> Iterator[Danger]:
    """A larger claim, which only some storage classes allow."""
    for change in difference.objects:
        if change.resource.kind != "PersistentVolumeClaim" or change.verb != "changed":
            continue
        if any(starts(each.path, SIZE) for each in change.fields) and not _shrinks(change):
            message = "refused where its StorageClass has no allowVolumeExpansion; it never shrinks again"
            yield costs("claim-grows", Outcome.KEPT, change, message, SIZE)
