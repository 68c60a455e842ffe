"""Labels that contradict what the data says: concentrated in a source, and one by one.

A head is fitted on the features of what the parent commit holds beside its test split, and says of the new
images what they are; of the old ones it says that by cross-validation. By how much the likeliest other class
leads over the label is a margin; where new margins are large more often than old ones, by Fisher's exact
test, labels were changed.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.data.findings import Finding, find
from pylib.evaluation.confident_learning import counted_for, thresholds
from pylib.heads import logistic
from pylib.heads.folds import folds
from pylib.models.heads.fitted import FittedHead
from pylib.review.checks.material import Features, Material

ALPHA = 0.01
"""The chance that a clean source is named, at most: 4 margins are tried, and their p-values taken by 4."""
_MARGINS = (0.0, 0.3, 0.6, 0.9)
_LEAST = 2
_SEED = 0
_C = 0.01


class Said(NamedTuple):
    """Margins of old and of new images, [N], and the class that each new one is counted for, -1: none."""

    old: NDArray[np.float64]
    new: NDArray[np.float64]
    counted: NDArray[np.int64]


def contradicting(material: Material) -> Iterator[Finding]:
    """Name the sources whose labels contradict images more often than the old ones do; and the suspects."""
    features = material.features
    said = contradictions(features) if features else None
    if features is None or said is None:
        return
    sources: dict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(features.ids):
        sources[material.source(item)].append(place)
    for source, places in sources.items():
        yield from _flips(features, said, source, places)
    yield from _suspects(features, said)


def can_tell(features: Features) -> bool:
    """Whether there are enough old images, of every class, to fit a head on and to judge it by."""
    there = set(np.unique(features.old_targets)) == set(range(len(features.classes)))
    return there and any(True for _ in folds(features.old_targets, _SEED))


def _flips(features: Features, said: Said, source: str, places: list[int]) -> Iterator[Finding]:
    chance = excess(said.new[places], said.old)
    worst = sorted((place for place in places if said.new[place] > 0), key=lambda place: -said.new[place])
    if chance < ALPHA and worst:
        reason = (
            f"{len(worst)} of {len(places)} labels of {source} contradict their images, "
            f"{np.mean(said.old > 0):.1%} of the old ones do (p = {chance:.1g})"
        )
        first, *others = (features.ids[place] for place in worst)
        yield find("labels-flipped", first, reason, others)


def _suspects(features: Features, said: Said) -> Iterator[Finding]:
    """The new images that are counted for another class, the surest first."""
    doubted = (said.counted >= 0) & (said.counted != features.new_targets) & (said.new > 0)
    for place in sorted(np.flatnonzero(doubted).tolist(), key=lambda place: -said.new[place]):
        label, other = features.classes[features.new_targets[place]], features.classes[said.counted[place]]
        yield find("label-suspect", features.ids[place], f"it is labelled {label}, and looks like {other}")


def contradictions(features: Features) -> Said | None:
    """What a head on the old features says; None where there are too few to fit one on."""
    classes = len(features.classes)
    if not can_tell(features):
        return None
    parts = list(folds(features.old_targets, _SEED))
    apart = np.zeros((len(features.old), classes))
    for fitted, judged in parts:
        head = logistic.fit(features.old[fitted], features.old_targets[fitted], {"C": _C}, _SEED)
        if head.logits(features.old[judged]).shape[1] != classes:
            return None
        apart[judged] = _probabilities(head, features.old[judged])
    head = logistic.fit(features.old, features.old_targets, {"C": _C}, _SEED)
    new = _probabilities(head, features.new)
    counted = counted_for(new, thresholds(apart, features.old_targets))
    return Said(_margins(apart, features.old_targets), _margins(new, features.new_targets), counted)


def excess(new: NDArray[np.float64], old: NDArray[np.float64]) -> float:
    """The chance that as many new margins are large by luck alone, 0..1: the least of four, times four."""
    from scipy.stats import fisher_exact

    if len(new) < _LEAST:
        return 1.0
    chances = []
    for margin in _MARGINS:
        above, before = int((new > margin).sum()), int((old > margin).sum())
        table = [[above, len(new) - above], [before, len(old) - before]]
        chances.append(float(fisher_exact(table, alternative="greater")[1]))
    return min(1.0, min(chances) * len(_MARGINS))


def _probabilities(head: FittedHead, features: NDArray[np.float32]) -> NDArray[np.float64]:
    logits = head.logits(features).astype(np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _margins(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """By how much the likeliest other class leads over the label, -1..1."""
    rows = np.arange(len(labels))
    others = probabilities.copy()
    others[rows, labels] = -1
    return np.asarray(others.max(axis=1) - probabilities[rows, labels])
