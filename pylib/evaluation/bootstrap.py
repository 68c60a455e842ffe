"""How far chance may account for a score on the test items, and for the difference of two models' scores.

Bootstrap: items are drawn anew, with replacement; paired: the same ones for both models; Efron & Tibshirani,
An Introduction to the Bootstrap (1993), chapter 16; Koehn, EMNLP 2004. Where items come in groups (the
frames of a video, the images of a patient) groups are drawn: Davison & Hinkley, Bootstrap Methods, 1997, 3.8.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDS = 2000
CONFIDENCE = 0.95
LEAST = 2
"""Of fewer items or groups no draw differs from another."""
_NUMBERS = 2_000_000  # of draws times items at once

Groups = NDArray[np.integer] | None
"""The number of each item's group, [N] from 0 without a gap; None where each item stands for itself."""
Score = Callable[[NDArray[Any]], Any]
"""Of sums of measures [R,…], [R]; NaN is none."""


@dataclass(frozen=True)
class Interval:
    """The difference on all items, and the bounds that hold 95 of 100 differences of resampled items."""

    difference: float
    low: float
    high: float


def paired(
    ours: NDArray[Any], theirs: NDArray[Any], score: Score, groups: Groups = None, *, seed: int = 0
) -> Interval:
    """Return the interval of score(sum of ours) - score(sum of theirs).

    ours, theirs: what each model did with each item, [N,…], that of items is summed
    The same arguments give the same interval. A draw for which either has no score (NaN) is left out. Of one
    item, or one group, nothing can be said: the bounds are infinite.
    """

    def differences(times: NDArray[np.int64]) -> dict[str, Any]:
        return {"": score(total(times, ours)) - score(total(times, theirs))}

    drawn = [differences(times)[""] for times in _draws(len(ours), groups, seed)]
    low, high = _middle(np.concatenate([*drawn, np.zeros(0)]))
    return Interval(float(differences(np.ones((1, len(ours)), np.int64))[""][0]), low, high)


def bounds(
    items: int,
    scores: Callable[[NDArray[np.int64]], Mapping[str, Any]],
    groups: Groups = None,
    *,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Return, by name, the bounds that hold 95 of 100 scores of resampled items, and that of all.

    scores: of how often each item is there in each of R draws, int64 [R,items] to float64 [R]; NaN where
    there is none: such a draw is left out, and a score that all items do not have has no bounds. Nor has any
    of one item, or one group: all draws are the same, which says nothing of chance.
    Of few items nearly all draws may lie on one side of a mean over classes: the bounds are then widened.
    The same arguments give the same bounds.
    """
    if _units(items, groups) < LEAST:
        return {}
    whole = {name: float(score[0]) for name, score in scores(np.ones((1, items), np.int64)).items()}
    found = {name: score for name, score in whole.items() if not np.isnan(score)}
    drawn = [scores(times) for times in _draws(items, groups, seed)] if found else []
    middles = {name: _middle(np.concatenate([each[name] for each in drawn])) for name in found}
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


def total(times: NDArray[np.int64], measures: NDArray[Any]) -> NDArray[np.float64]:
    """Sum measures [N,…] as often as each item is there in each draw, [R,N]: [R,…]; exact for counts."""
    flat = measures.reshape(len(measures), -1).astype(np.float64)
    return np.asarray((times.astype(np.float64) @ flat).reshape(len(times), *measures.shape[1:]))


def _draws(items: int, groups: Groups, seed: int) -> Iterator[NDArray[np.int64]]:
    """How often each item is drawn, int64 [R,items], in parts that are not too large."""
    units = _units(items, groups)
    if units < LEAST:
        return
    random, share = np.random.default_rng(seed), np.full(units, 1 / units)
    part = max(1, _NUMBERS // items)
    for start in range(0, ROUNDS, part):
        times = random.multinomial(units, share, size=min(part, ROUNDS - start))
        yield times if groups is None else times[:, groups]


def _units(items: int, groups: Groups) -> int:
    """How many there are to draw from."""
    return items if groups is None or not items else int(groups.max()) + 1


def _middle(scores: NDArray[np.float64]) -> tuple[float, float]:
    sound = scores[~np.isnan(scores)]
    if not sound.size:
        return float("-inf"), float("inf")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(sound, [tail, 1 - tail])
    return float(low), float(high)
