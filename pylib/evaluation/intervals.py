"""The 95 % intervals that evaluation.json has of metrics, over test images drawn anew; of every task."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.evaluation.bootstrap import Groups, bounds
from pylib.evaluation.record import Share
from pylib.records import Record


class Bounds(Record):
    """Where a metric lies in 95 of 100 draws of the test images, with replacement."""

    lower: Share
    upper: Share


def intervals(
    images: int, scores: Callable[[NDArray[np.int64]], Mapping[str, Any]], groups: Groups = None
) -> dict[str, Bounds]:
    """Return those of metrics in [0,1] by name, all of the same draws; see `bootstrap.bounds`."""
    found = bounds(images, scores, groups)
    return {name: Bounds(lower=_share(lower), upper=_share(upper)) for name, (lower, upper) in found.items()}


def lower_bounds(found: Mapping[str, Bounds], metrics: Iterable[str]) -> dict[str, float | None]:
    """Return `METRIC.lower`, as gates ask for it; None without an interval, as in older evaluations."""
    return {f"{name}.lower": found[name].lower if name in found else None for name in metrics}


def upper_bounds(found: Mapping[str, Bounds], metrics: Iterable[str]) -> dict[str, float | None]:
    """Return `METRIC.upper`, of metrics of which less is better; None without an interval."""
    return {f"{name}.upper": found[name].upper if name in found else None for name in metrics}


def _share(bound: float) -> float:
    """Without what rounding leaves outside [0,1]."""
    return min(max(bound, 0.0), 1.0)
