"""How far chance may account for a score on the test items, and for the difference of two models' scores.

Bootstrap: items are drawn anew, with replacement; paired: the same ones for both models; Efron & Tibshirani,
An Introduction to the Bootstrap (1993), chapter 16; Koehn, EMNLP 2004.
"""

from collections.abc import Callable, Mapping
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
    low, high = _middle(differences)
    return Interval(float(score(ours.sum(axis=0)) - score(theirs.sum(axis=0))), low, high)


def bounds(
    items: int, scores: Callable[[NDArray[np.int64]], Mapping[str, float]], *, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Return, by name, the bounds that hold 95 of 100 scores of resampled items, and that of all.

    scores: of how often each item is there, int64 [items]; NaN where there is none: such a draw is left out,
    and a score that all items do not have has no bounds.
    Of few items nearly all draws may lie on one side of a mean over classes: the bounds are then widened.
    The same arguments give the same bounds.
    """
    if not items:
        return {}
    found = {name: score for name, score in scores(np.ones(items, np.int64)).items() if not np.isnan(score)}
    random = np.random.default_rng(seed)
    share = np.full(items, 1 / items)
    drawn = [scores(random.multinomial(items, share)) for _ in range(ROUNDS if found else 0)]
    middles = {name: _middle(np.array([each[name] for each in drawn])) for name in found}
    return {name: (min(low, found[name]), max(high, found[name])) for name, (low, high) in middles.items()}


def standard_error(
    counts: NDArray[np.int64], score: Callable[[NDArray[np.int64]], float], *, seed: int = 0
) -> float:
    """Return the standard deviation of score(counts) over resampled items; 0 of no item.

    counts: how many items are in each cell, of a confusion matrix say: to draw items anew is to draw
    cells. The same arguments give the same number.
    """
    cells = np.flatnonzero(counts)
    there, items = counts.ravel()[cells], int(counts.sum())
    if not items:
        return 0.0
    drawn = np.random.default_rng(seed).multinomial(items, there / items, size=ROUNDS)
    scores = np.empty(ROUNDS)
    for place, draw in enumerate(drawn):
        again = np.zeros_like(counts)
        again.flat[cells] = draw
        scores[place] = score(again)
    return float(np.std(scores))


def _middle(scores: NDArray[np.float64]) -> tuple[float, float]:
    sound = scores[~np.isnan(scores)]
    if not sound.size:
        return float("-inf"), float("inf")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(sound, [tail, 1 - tail])
    return float(low), float(high)


def _scores(
    draws: NDArray[np.int64], measures: NDArray[Any], score: Callable[[NDArray[Any]], float]
) -> NDArray[np.float64]:
    totals = draws @ measures.reshape(len(measures), -1)
    return np.array([score(total.reshape(measures.shape[1:])) for total in totals], np.float64)
