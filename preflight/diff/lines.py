"""Field changes as the lines of a diff, each with its sign, for a terminal and for a comment alike."""

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from preflight.diff.fields import ABSENT, FieldChange
from preflight.diff.paths import shown

WIDTH = 200
LINES = 40


@dataclass(frozen=True)
class Line:
    """One line; sign is `-`, `+` or a space."""

    sign: str
    text: str


def lines(fields: Iterable[FieldChange], most: int = LINES) -> list[Line]:
    """What changes in fields, no more than `most` lines and a last one that counts the rest."""
    every = [line for each in fields for line in _field(each)]
    if len(every) <= most:
        return every
    return [*every[:most], Line(" ", f"… and {len(every) - most} lines more; --json has them all")]


def value(content: Any) -> str:
    """A value on one line, not longer than a terminal can take."""
    text = content if isinstance(content, str) and content else json.dumps(content, default=str)
    text = text.replace("\r", "\\r").replace("\n", "\\n")
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}… ({len(text)} characters)"


def _field(change: FieldChange) -> Iterator[Line]:
    path, before, after = shown(change.path), change.before, change.after
    if change.reordered:
        yield Line(" ", f"{path}: now in the order {', '.join(map(str, after))}")
    elif isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        yield Line(" ", f"{path}:")
        yield from _text(before.splitlines(), after.splitlines())
    elif isinstance(before, list) and isinstance(after, list):
        yield Line(" ", f"{path}:")
        yield from _elements(before, after)
    else:
        yield from (
            Line(sign, f"{path}: {value(side)}")
            for sign, side in (("-", before), ("+", after))
            if side is not ABSENT
        )


def _text(before: list[str], after: list[str]) -> Iterator[Line]:
    """The lines of a text that differ, with one before and after them."""
    for line in list(difflib.unified_diff(before, after, lineterm="", n=1))[2:]:
        if not line.startswith("@@"):
            yield Line(line[:1], f"  {value(line[1:]) if line[1:] else ''}")


def _elements(before: list[Any], after: list[Any]) -> Iterator[Line]:
    """The elements that go and come; where they are the same, the new order."""
    old, new = Counter(map(value, before)), Counter(map(value, after))
    yield from (Line("-", f"  {each}") for each in (old - new).elements())
    yield from (Line("+", f"  {each}") for each in (new - old).elements())
    if old == new:
        yield Line(" ", f"  now in the order {value(after)}")
