"""An application's changes as people can read them.

What is the same in many objects, as the label of a new version, is said once; a CRD's schema is counted; what
is only created or removed is a list of names.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from preflight.diff.compare import ApplicationChange, ObjectChange
from preflight.diff.fields import FieldChange, written
from preflight.diff.lines import Line
from preflight.diff.paths import Element, shown

MANY = 4
SCHEMA = 4  # steps of spec.versions[v1].schema


@dataclass(frozen=True)
class Shown:
    """A heading with what is below it: fields that change, or lines that say so.

    verb: what happens, `changed`; heading: to what
    """

    verb: str
    heading: str
    fields: tuple[FieldChange, ...] = ()
    notes: tuple[Line, ...] = ()


def condensed(application: ApplicationChange) -> Iterator[Shown]:
    """All that changes in an application, in few words."""
    if application.fields:
        yield Shown("changed", "the application itself", application.fields)
    alike = _alike(application)
    for field, count in alike.values():
        yield Shown("changed", f"{count} objects alike", (field,))
    only_alike = []
    for change in _on_both_sides(application):
        shown_change = _own(change, set(alike))
        if shown_change.fields or shown_change.notes or change.verb != "changed":
            yield shown_change
        else:
            only_alike.append(change)
    yield from (Shown("changed", f"{names}, in nothing else") for _, names in _by_kind(only_alike))
    bare = [change for change in application.objects if not (change.before and change.after)]
    yield from (Shown(verb, names) for verb, names in _by_kind(bare))


def _on_both_sides(application: ApplicationChange) -> list[ObjectChange]:
    return [change for change in application.objects if change.before and change.after]


def _alike(application: ApplicationChange) -> dict[str, tuple[FieldChange, int]]:
    """The field changes that many objects share, with how many."""
    fields = [each for change in _on_both_sides(application) for each in change.fields]
    counts = Counter(map(_key, fields))
    return {_key(each): (each, counts[_key(each)]) for each in fields if counts[_key(each)] >= MANY}


def _key(field: FieldChange) -> str:
    return f"{shown(field.path)} {written(field.before)} {written(field.after)}"


def _own(change: ObjectChange, alike: set[str]) -> Shown:
    """An object without what is said elsewhere, its schemas counted."""
    rest = [each for each in change.fields if _key(each) not in alike]
    schemas = Counter(shown(each.path[:SCHEMA]) for each in rest if _in_schema(change, each))
    notes = tuple(Line(" ", f"{path}: {count} fields") for path, count in schemas.items())
    fields = tuple(each for each in rest if not _in_schema(change, each))
    return Shown(change.verb, _heading(change), fields, notes)


def _in_schema(change: ObjectChange, field: FieldChange) -> bool:
    path = field.path
    below = len(path) > SCHEMA and path[:2] == ("spec", "versions") and path[3] == "schema"
    return change.resource.kind == "CustomResourceDefinition" and below and isinstance(path[2], Element)


def _heading(change: ObjectChange) -> str:
    before, after = change.before, change.after
    if change.verb == "replaced":
        return f"{before} by {after}"
    return f"{after} from {before.application}" if change.verb == "moved" and before else str(change.resource)


def _by_kind(changes: list[ObjectChange]) -> list[tuple[str, str]]:
    """A line for each verb and kind: the verb, and the kind with the names."""
    kinds: dict[tuple[str, str], list[str]] = defaultdict(list)
    for change in changes:
        kinds[change.verb, change.resource.kind].append(str(change.resource).partition(" ")[2])
    return [(verb, f"{kind} {', '.join(names)}") for (verb, kind), names in sorted(kinds.items())]
