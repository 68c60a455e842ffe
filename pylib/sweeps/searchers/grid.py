"""Every point of a grid once, in an order that the seed decides."""

import itertools
import random

from katib.experiment import Experiment
from katib.grid import points
from katib.values import Assignments


class Grid:
    """The points of all parameters' grids, shuffled as Katib shuffles them."""

    def __init__(self, experiment: Experiment, seed: int) -> None:
        names = [each.name for each in experiment.parameters]
        product = itertools.product(*(points(each) for each in experiment.parameters))
        self.points = [dict(zip(names, each, strict=True)) for each in product]
        random.Random(seed).shuffle(self.points)  # noqa: S311 (an order, no secret)
        self.asked = 0

    def ask(self) -> Assignments | None:
        """The next point."""
        if self.exhausted:
            return None
        self.asked += 1
        return self.points[self.asked - 1]

    def tell(self, trial: int, value: float | None) -> None:
        """A grid learns nothing."""

    @property
    def exhausted(self) -> bool:
        """Whether every point was tried."""
        return self.asked >= len(self.points)
