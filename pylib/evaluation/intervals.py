"""The 95 % intervals that evaluation.json has of metrics, over test images drawn anew; of every task."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from pylib.evaluation.bootstrap import bounds
from pylib.evaluation.record import Share
from pylib.records import Record


class Bounds(Record):
    """Where a metric lies in 95 of 100 draws of the test images, with replacement."""

    lower: Share
    upper: Share


def intervals(images: int, scores: Callable[[NDArray[np.int64]], Mapping[str, float]]) -> dict[str, Bounds]:
    """Return those of metrics in [0,1] by name, all of the same draws; see `bootstrap.bounds`."""
    found = bounds(images, scores)
    return {name: Bounds(lower=lower, upper=upper) for name, (lower, upper) in found.items()}


def lower_bounds(found: Mapping[str, Bounds], metrics: Iterable[str]) -> dict[str, float | None]:
    """Return `METRIC.lower`, as gates ask for it; None without an interval, as in older evaluations."""
    return {f"{name}.lower": found[name].lower if name in found else None for name in metrics}
