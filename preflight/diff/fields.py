"""The difference of two values read from YAML, field by field, and the way back from it.

The elements of a list that carry a name, as containers, environment variables and ports do, are matched by
that name, so that one put in front does not make all of them look changed.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from preflight.diff.paths import Element, Path, element

# What tells the elements of a list apart, the first that does so in both lists; some kinds have no name.
IDENTITIES = (
    ("name",),
    ("mountPath",),
    ("containerPort", "protocol"),
    ("port", "protocol"),
    ("kind", "name", "namespace"),
    ("key",),
)
OPTIONAL = {"protocol", "namespace"}


class Absent(Enum):
    """No value at all, which is not the same as null."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
Identity = tuple[str, ...]


@dataclass(frozen=True)
class FieldChange:
    """One field that differs: where, what it was and what it becomes; ABSENT where there is none.

    reordered: the path is that of a list of named elements, and before and after are their order
    """

    path: Path
    before: Any
    after: Any
    reordered: bool = False


def difference(before: Any, after: Any, path: Path = ()) -> Iterator[FieldChange]:
    """Every field that differs, from the outside in."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from difference(before.get(key, ABSENT), after.get(key, ABSENT), (*path, str(key)))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, path)
    elif not same(before, after):
        yield FieldChange(path, before, after)


def applied(value: Any, changes: list[FieldChange]) -> Any:
    """A copy of `value` with the changes made, in their order: with difference(a, b), a becomes b."""
    root = {"": copy.deepcopy(value)}
    for change in changes:
        parent: Any = root
        steps = ("", *change.path)
        for step in steps[:-1]:
            parent = parent[_position(parent, step)]
        _set(parent, steps[-1], change)
    return root[""]


def same(one: Any, other: Any) -> bool:
    """Whether both would be written alike: `1` is neither `true` nor `1.0`."""
    return one is other or (ABSENT not in (one, other) and written(one) == written(other))


def written(value: Any) -> str:
    """A value in one form, whatever the order of its keys."""
    return json.dumps(value, sort_keys=True, default=repr)


def _lists(before: list[Any], after: list[Any], path: Path) -> Iterator[FieldChange]:
    identity = _identity(before, after)
    if identity:
        yield from _named(before, after, path, identity)
    elif len(before) == len(after) and all(isinstance(each, dict | list) for each in before + after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from difference(one, other, (*path, index))
    elif not same(before, after):
        yield FieldChange(path, before, after)


def _named(before: list[Any], after: list[Any], path: Path, identity: Identity) -> Iterator[FieldChange]:
    old = {element(each, identity): each for each in before}
    new = {element(each, identity): each for each in after}
    for key in [*old, *(key for key in new if key not in old)]:
        yield from difference(old.get(key, ABSENT), new.get(key, ABSENT), (*path, key))
    order = [key for key in old if key in new] + [key for key in new if key not in old]
    if order != list(new):
        yield FieldChange(path, order, list(new), reordered=True)


def _identity(before: list[Any], after: list[Any]) -> Identity | None:
    every = before + after
    if not every or not all(isinstance(each, dict) for each in every):
        return None
    return next(
        (each for each in IDENTITIES if _tells_apart(each, before) and _tells_apart(each, after)), None
    )


def _tells_apart(identity: Identity, elements: list[Any]) -> bool:
    for each in elements:
        values = [each.get(field) for field in identity if field in each or field not in OPTIONAL]
        if not all(isinstance(value, str | int) and not isinstance(value, bool) for value in values):
            return False
    return len({element(each, identity) for each in elements}) == len(elements)


def _position(parent: Any, step: str | int | Element) -> Any:
    """The key or index of a step; the parent's length for an element that is not in it."""
    if not isinstance(step, Element):
        return step
    found = (index for index, each in enumerate(parent) if element(each, step.fields) == step)
    return next(found, len(parent))


def _set(parent: Any, step: str | int | Element, change: FieldChange) -> None:
    position = _position(parent, step)
    if change.reordered:
        listed = parent[position]
        parent[position] = [listed[_position(listed, key)] for key in change.after]
    elif change.after is ABSENT:
        del parent[position]
    elif isinstance(step, Element) and position == len(parent):
        parent.append(copy.deepcopy(change.after))
    else:
        parent[position] = copy.deepcopy(change.after)
