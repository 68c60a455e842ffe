"""Sets of requests or connections, as boxes: a pattern for each field that a rule speaks of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from preflight.diff.traffic.patterns import Pattern

Box = Mapping[str, Pattern]
EVERYTHING: Box = {}
DENY = "DENY"


@dataclass(frozen=True)
class Access:
    """Who may reach a workload: what some box of `allowed` holds, and none of `denied`.

    denied: by what refuses it, `DENY` or the name of an external authorizer
    """

    allowed: tuple[Box, ...]
    denied: tuple[tuple[str, Box], ...] = ()


def gains(old: Access, new: Access) -> list[Box]:
    """What the new one lets through and the old one did not."""
    come = [box for box in new.allowed if not _covered(box, old.allowed)]
    freed = [box for by, box in old.denied if not _covered(box, _refused(new, by))]
    passing = [meet(one, other) for one in freed for other in new.allowed]
    denied = _refused(new, DENY)
    return [box for box in (*come, *passing) if box is not None and not _covered(box, denied)]


def _refused(access: Access, by: str) -> list[Box]:
    """What a rule of that kind refuses, or a DENY."""
    return [box for other, box in access.denied if other in {by, DENY}]


def meet(one: Box, other: Box) -> Box | None:
    """What is in both boxes; None where that is nothing. Of patterns that only overlap, the first."""
    if any(field in other and pattern.apart(other[field]) for field, pattern in one.items()):
        return None
    narrow = {field: pattern for field, pattern in other.items() if field not in one}
    both = {field: pattern for field, pattern in one.items() if field in other}
    within_one = {field: other[field] for field, pattern in both.items() if other[field].within(pattern)}
    return {**one, **narrow, **within_one}


def within(one: Box, other: Box) -> bool:
    """Whether one box holds nothing that the other does not."""
    return all(field in one and one[field].within(pattern) for field, pattern in other.items())


def words(box: Box) -> str:
    """A box for people: `principals a/sa/one, methods GET`; `anybody` where it holds everything."""
    return ", ".join(f"{field} {pattern}" for field, pattern in box.items()) or "anybody"


def _covered(box: Box, boxes: Iterable[Box]) -> bool:
    return any(within(box, each) for each in boxes)
