"""The difference of two models' scores on the same test items, and how far chance may account for it.

Paired bootstrap: items are drawn anew, with replacement, the same ones for both models; Efron & Tibshirani,
An Introduction to the Bootstrap (1993), chapter 16; Koehn, EMNLP 2004.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDS = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """The difference on all items, and the bounds that hold 95 of 100 differences of resampled items."""

    difference: float
    low: float
    high: float


def paired(
    ours: NDArray[Any], theirs: NDArray[Any], score: Callable[[NDArray[Any]], float], *, seed: int = 0
) -> Interval:
    """Return the interval of score(sum of ours) - score(sum of theirs).

    ours, theirs: what each model did with each item, [N,…], that of items is summed
    The same arguments give the same interval. A draw for which either has no score (NaN) is left out.
    """
    items = len(ours)
    draws = np.random.default_rng(seed).multinomial(items, np.full(items, 1 / items), size=ROUNDS)
    differences = _scores(draws, ours, score) - _scores(draws, theirs, score)
    sound = differences[~np.isnan(differences)]
    if not sound.size:
        return Interval(score(ours.sum(axis=0)) - score(theirs.sum(axis=0)), float("-inf"), float("inf"))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(sound, [tail, 1 - tail])
    return Interval(float(score(ours.sum(axis=0)) - score(theirs.sum(axis=0))), float(low), float(high))


def _scores(
    draws: NDArray[np.int64], measures: NDArray[Any], score: Callable[[NDArray[Any]], float]
) -> NDArray[np.float64]:
    totals = draws @ measures.reshape(len(measures), -1)
    return np.array([score(total.reshape(measures.shape[1:])) for total in totals], np.float64)
