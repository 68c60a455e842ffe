"""The test split, and all that is measured of one model's answers to it, whoever gave them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pylib.calibration.decisions import one_a_group
from pylib.data.shards import Array, ShardIndex, ShardItem, Split
from pylib.evaluation.bootstrap import Groups
from pylib.evaluation.champion import Comparison
from pylib.evaluation.record import Beside, Measurement
from pylib.evaluation.robustness.record import Robustness
from pylib.evaluation.slices import columns, slices
from pylib.tasks.task import Task, find

if TYPE_CHECKING:
    from pylib.tasks.aspects import Accumulator


@dataclass(frozen=True)
class JudgedSplit:
    """Inputs and targets [N,…] of the items that `index` names; N of at least 1."""

    index: ShardIndex
    inputs: Array
    targets: Array

    @property
    def items(self) -> list[ShardItem]:
        """Which they are."""
        return self.index.splits["test"].items

    @property
    def task(self) -> Task:
        """Whose they are."""
        return find(self.index.task)

    @property
    def groups(self) -> Groups:
        """The number of each item's group; None where no item has one."""
        if all(item.group is None for item in self.items):
            return None
        return one_a_group(self.items)

    def evenly(self, most: int) -> "JudgedSplit":
        """At most so many of the items, evenly over all."""
        if len(self.items) <= most:
            return self
        places = np.linspace(0, len(self.items) - 1, most).round().astype(np.int64)
        items = [self.items[place] for place in places]
        part = self.index.model_copy(update={"splits": {"test": Split(items=items, shards=[])}})
        return JudgedSplit(part, self.inputs[places], self.targets[places])

    def seen(self, confidence_threshold: float = 0.0) -> "Accumulator":
        """An accumulator that has seen nothing of it."""
        ids = [item.id for item in self.items]
        return self.task.judgement.accumulator(self.index.classes, ids, confidence_threshold, self.groups)

    def measured(
        self,
        digest: str,
        seen: "Accumulator",
        beside: Comparison | None = None,
        robustness: Robustness | None = None,
    ) -> Measurement:
        """What evaluation.json says of the model of that digest, whose answers were `seen`."""
        judgement = self.task.judgement
        return Measurement(
            task=self.index.task,
            model_digest=digest,
            dataset=self.index.name,
            items=len(self.items),
            score=judgement.SCORE,
            metrics=seen.metrics(),
            parity=seen.parity(),
            details=seen.details().model_dump(mode="json"),
            slices=slices(self._columns(), seen.measures(), judgement.score, self.groups),
            served=_beside(beside),
            robustness=robustness,
        )

    def _columns(self) -> dict[str, Any]:
        numbers: dict[str, NDArray[Any]] = {}
        if self.inputs.dtype == np.uint8:
            numbers["brightness"] = np.array([image.mean() for image in self.inputs])
        numbers |= self.task.judgement.attributes(self.targets, self.index.classes)
        return columns(self.items, numbers, self.targets)


def _beside(found: Comparison | None) -> Beside | None:
    if not found:
        return None
    known = found.ours is not None and found.theirs is not None
    difference = found.ours - found.theirs if known else None  # type: ignore[operator]
    return Beside(digest=found.champion, difference=difference, lower=found.low, upper=found.high)
