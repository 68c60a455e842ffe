"""Where a field stands in an object: the steps to it, and how they are written for people."""

import json
import re
from dataclasses import dataclass
from typing import Any

PLAIN = re.compile(r"[\w-]+")
WORD = re.compile(r"[A-Za-z_/.][\w/.-]*")


@dataclass(frozen=True)
class Element:
    """An element of a list, by what tells it from the others: its name, or its port and protocol."""

    fields: tuple[str, ...]
    values: tuple[str, ...]

    def __str__(self) -> str:
        told = [value for value in self.values if value]
        return "/".join(told) if "name" in self.fields else f"{self.fields[0]}={'/'.join(told)}"


Step = str | int | Element
Path = tuple[Step, ...]


def element(body: dict[str, Any], fields: tuple[str, ...]) -> Element:
    """The element that `body` is in a list told apart by `fields`; 80 and "80" are two."""
    values = (body.get(field) for field in fields)
    return Element(fields, tuple("" if value is None else _text(value) for value in values))


def _text(value: str | int) -> str:
    return value if isinstance(value, str) and WORD.fullmatch(value) else json.dumps(value)


def shown(path: Path) -> str:
    """As people write it: `spec.template.spec.containers[web].image`, `metadata.labels["app/part"]`."""
    text = "".join(_step(step) for step in path)
    return text.removeprefix(".")


def _step(step: Step) -> str:
    if isinstance(step, Element | int):
        return f"[{step}]"
    return f".{step}" if PLAIN.fullmatch(step) else f'["{step}"]'


def starts(path: Path, prefix: str) -> bool:
    """Whether the path is at or below a dotted one, `spec.selector`."""
    steps = tuple(prefix.split("."))
    return path[: len(steps)] == steps


def overlaps(path: Path, prefix: str) -> bool:
    """Whether a change at `path` touches a dotted one: it is below it, or holds it."""
    steps = tuple(prefix.split("."))
    length = min(len(path), len(steps))
    return path[:length] == steps[:length]
