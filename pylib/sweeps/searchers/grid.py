"""Every point of a grid once, in an order that the seed decides."""

import math
import random
from array import array

from katib.experiment import Experiment
from katib.grid import points
from katib.values import Assignments


class Grid:
    """The points of all parameters' grids, shuffled as Katib shuffles them.

    A point is made when it is asked for; until then it is its number, eight bytes, in the grid's own order.
    """

    def __init__(self, experiment: Experiment, seed: int) -> None:
        self.axes = {each.name: points(each) for each in experiment.parameters}
        self.numbers = array("q", range(math.prod(map(len, self.axes.values()))))
        random.Random(seed).shuffle(self.numbers)  # noqa: S311 (an order, no secret)
        self.asked = 0

    def ask(self) -> Assignments | None:
        """The next point."""
        if self.exhausted:
            return None
        self.asked += 1
        return self._point(self.numbers[self.asked - 1])

    def _point(self, number: int) -> Assignments:
        """The point of that number; the last parameter goes through its values first."""
        found: dict[str, str] = {}
        for name, values in reversed(self.axes.items()):
            number, place = divmod(number, len(values))
            found[name] = values[place]
        return dict(reversed(found.items()))

    def tell(self, trial: int, value: float | None) -> None:
        """A grid learns nothing."""

    @property
    def exhausted(self) -> bool:
        """Whether every point was tried."""
        return self.asked >= len(self.numbers)
