"""A difference as JSON, whole, for programs.

    tree, base, head             the checkout, and the revisions by name and commit
    clusters[].dangers           id, outcome, application, object, file, field, message; of one cause:
                                 the same outcome, id and message
    clusters[].not_compared      application, reason
    clusters[].applications      name, change, fields, and objects: object, change, file, fields
    fields                       field, reordered, before, after; no value is no key

An object's change is created, removed, changed, replaced (under another name), moved (to another application)
or recreated (deleted with its application, and made anew by the one that follows it).
"""

import json
from dataclasses import asdict
from typing import Any

from preflight.diff.compare import ApplicationChange, Difference, ObjectChange
from preflight.diff.dangers import Danger
from preflight.diff.fields import ABSENT, FieldChange
from preflight.diff.paths import shown
from preflight.diff.revisions import Revision


def as_json(
    compared: list[tuple[Difference, list[Danger]]], before: Revision, after: Revision, tree: str = ""
) -> str:
    """Every cluster with its dangers, applications, objects and fields; no value is no key."""
    revisions = {name: {"name": side.name, "commit": side.commit} for name, side in _sides(before, after)}
    clusters = [_cluster(difference, dangers) for difference, dangers in compared]
    return json.dumps({"tree": tree, **revisions, "clusters": clusters}, indent=2, default=str)


def _sides(before: Revision, after: Revision) -> tuple[tuple[str, Revision], ...]:
    return ("base", before), ("head", after)


def _cluster(difference: Difference, dangers: list[Danger]) -> dict[str, Any]:
    return {
        "cluster": difference.cluster,
        "dangers": [asdict(each) for each in dangers],
        "not_compared": [asdict(each) for each in difference.not_compared],
        "applications": [_application(each) for each in difference.applications],
    }


def _application(application: ApplicationChange) -> dict[str, Any]:
    return {
        "name": application.name,
        "change": application.verb,
        "fields": [_field(each) for each in application.fields],
        "objects": [_object(each) for each in application.objects],
    }


def _object(change: ObjectChange) -> dict[str, Any]:
    named = {"replaced": str(change.before)} if change.verb == "replaced" else {}
    return {
        "object": str(change.resource),
        "change": change.verb,
        **named,
        "file": change.resource.origin.file,
        "fields": [_field(each) for each in change.fields],
    }


def _field(change: FieldChange) -> dict[str, Any]:
    sides = {"before": change.before, "after": change.after}
    known = {side: value for side, value in sides.items() if value is not ABSENT}
    return {"field": shown(change.path), "reordered": change.reordered, **known}
