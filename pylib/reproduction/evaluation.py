"""A rebuilt model's evaluation beside the recorded one: exact, within what processors differ by, or beyond.

Training runs under a cap of the instruction set and gives the same bits. ONNX Runtime, which measures, has
none: it takes the best kernels of the processor at hand, so probabilities differ in their last digits, and
with them a decision that was a tie but for these. On one kind of processor an evaluation is exact.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pylib.evaluation.record import Evaluation

DECISIONS = 1e-5
"""Share of all counted decisions (pixels, images) that may fall otherwise on another processor."""

VALUES = 1e-3
"""How far a metric in [0,1] may be off: what DECISIONS do to a class that has a hundredth of them."""

Verdict = Literal["exact", "within bound", "beyond"]
_LIMITS = ("minimum", "maximum")  # what a gate file asks is no measurement
_Leaf = str | int | float | bool | None


@dataclass(frozen=True)
class Difference:
    """A value of evaluation.json, by its place there, that the rebuilt one has otherwise.

    recorded, rebuilt: None where there is no such value; bound: None where only the same value is right
    """

    name: str
    recorded: _Leaf
    rebuilt: _Leaf
    bound: float | None
    within: bool

    def __str__(self) -> str:
        """Read like `metrics.mean_iou: 0.917, rebuilt 0.916 (beyond 0.0001)`."""
        bound = (
            "must be equal"
            if self.bound is None
            else f"{'within' if self.within else 'beyond'} {self.bound:g}"
        )
        return f"{self.name}: {self.recorded}, rebuilt {self.rebuilt} ({bound})"


def compare(recorded: Evaluation, rebuilt: Evaluation) -> list[Difference]:
    """Return every value that is not the same, in the order of the record; none where all is exact.

    Counts in `details` have DECISIONS of their total as their bound, other numbers VALUES, a mean over few
    decisions (beside a `count`) as much as these move it. All else must be equal: names, digests, `items`,
    what the gate asks and what it said. Where two examples' scores are within the bound, their order may
    differ, and so their ids.
    """
    before, after = (dict(_leaves(each.model_dump(mode="json"))) for each in (recorded, rebuilt))
    found = [
        _difference(name, before, after)
        for name in [*before, *(name for name in after if name not in before)]
        if name not in before or name not in after or before[name] != after[name]
    ]
    moved = {_parent(each.name) for each in found if each.within}
    return [
        Difference(each.name, each.recorded, each.rebuilt, VALUES, within=True)
        if _is_id(each) and _parent(each.name) in moved
        else each
        for each in found
    ]


def verdict(differences: list[Difference]) -> Verdict:
    """Sum up what `compare` returned."""
    if not differences:
        return "exact"
    return "within bound" if all(each.within for each in differences) else "beyond"


def _difference(name: tuple[str, ...], before: Mapping[Any, _Leaf], after: Mapping[Any, _Leaf]) -> Difference:
    old, new = before.get(name), after.get(name)
    bound = _bound(name, before) if _is_number(old) and _is_number(new) else None
    within = bound is not None and abs(float(new or 0) - float(old or 0)) <= bound
    return Difference(".".join(name), old, new, bound, within)


def _bound(name: tuple[str, ...], recorded: Mapping[Any, _Leaf]) -> float | None:
    section, last = name[0], name[-1]
    if section == "details":
        decisions = math.ceil(DECISIONS * _total(name[:2], recorded))
        if isinstance(recorded[name], int):
            return decisions
        count = recorded.get((*name[:-1], "count"))
        return VALUES + (decisions / max(1, int(count)) if isinstance(count, int) else 0)
    if section in {"metrics", "parity"} or (section == "gate" and last not in _LIMITS):
        return VALUES
    return None


def _total(place: tuple[str, ...], recorded: Mapping[Any, _Leaf]) -> int:
    """All counts of one part of the details, such as a confusion matrix: the decisions that it counts."""
    return sum(
        value
        for name, value in recorded.items()
        if name[:2] == place and isinstance(value, int) and not isinstance(value, bool)
    )


def _leaves(value: Any, name: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], _Leaf]]:
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if inner is None:
        yield name, value
        return
    for key, part in inner:
        yield from _leaves(part, (*name, str(key)))


def _is_number(value: _Leaf) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_id(difference: Difference) -> bool:
    both = isinstance(difference.recorded, str) and isinstance(difference.rebuilt, str)
    return both and difference.name.startswith("details.")


def _parent(name: str) -> str:
    return name.rpartition(".")[0]
