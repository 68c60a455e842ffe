"""The model and the served one side by side: which test items got better or worse, and what each says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pylib.evaluation.bootstrap import Score
from pylib.evaluation.pictures import Shown, picture
from pylib.records import Record

if TYPE_CHECKING:
    from pylib.evaluation.judged_split import JudgedSplit
    from pylib.tasks.aspects import Accumulator

MOST = 20
"""So many items are named at most on each side."""
SHOWN = 4
_IMAGE = 4  # dimensions of images [N,H,W,3]


class ItemBeside(Record):
    """One item's own score by both models."""

    id: str
    ours: float
    theirs: float


class Sides(Record):
    """How many items got better, worse, or neither, by their own score; those that changed most."""

    better: int
    worse: int
    same: int
    gained: list[ItemBeside]
    lost: list[ItemBeside]


@dataclass(frozen=True)
class Panel:
    """An item for the report: its image as a data URI, and truth and both answers as the task shows them."""

    item: ItemBeside
    image: str | None
    truth: Shown
    ours: Shown
    theirs: Shown


def sides(ids: Sequence[str], ours: NDArray[Any], theirs: NDArray[Any], score: Score) -> Sides:
    """Compare items one by one, by measures [N,…] of both; one without a score of its own is left out."""
    own, other = (np.asarray(score(measures), np.float64) for measures in (ours, theirs))
    change = own - other
    order = np.argsort(-change, kind="stable")
    gained = [place for place in order if change[place] > 0]
    lost = [place for place in order[::-1] if change[place] < 0]

    def named(places: Sequence[Any]) -> list[ItemBeside]:
        return [
            ItemBeside(id=ids[place], ours=float(own[place]), theirs=float(other[place]))
            for place in places[:MOST]
        ]

    return Sides(
        better=len(gained),
        worse=len(lost),
        same=int((change == 0).sum()),
        gained=named(gained),
        lost=named(lost),
    )


def panels(
    test: "JudgedSplit", found: Sides, ours: "Accumulator", theirs: "Accumulator"
) -> list[tuple[str, list[Panel]]]:
    """What the report shows: the items that lost most, then those that gained most."""
    places = {item.id: place for place, item in enumerate(test.items)}
    judgement, classes = test.task.judgement, test.index.classes
    images = test.inputs.dtype == np.uint8 and test.inputs.ndim == _IMAGE

    def panel(item: ItemBeside) -> Panel:
        place = places[item.id]
        return Panel(
            item,
            picture(test.inputs[place]) if images else None,
            judgement.shown(test.targets[place], classes),
            ours.shown(place),
            theirs.shown(place),
        )

    groups = {"Worse than the champion": found.lost, "Better than the champion": found.gained}
    return [(title, [panel(item) for item in items[:SHOWN]]) for title, items in groups.items() if items]
