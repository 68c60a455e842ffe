"""The answers to the test images, and which of them a person should look at."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.tasks.classification.details import Example, Rank

EXAMPLES = 6
"""So many images are shown at most of each rank."""


class Answers(NamedTuple):
    """Truths, class indices int64 [N], and probabilities, float [N,C]."""

    truths: NDArray[np.int64]
    probabilities: NDArray[np.floating]

    @property
    def decided(self) -> NDArray[np.int64]:
        """Class indices int64 [N] of the likeliest classes."""
        return np.asarray(self.probabilities.argmax(axis=-1), np.int64)

    @property
    def confidence(self) -> NDArray[np.floating]:
        """The probability of the likeliest class, [N]."""
        return np.asarray(self.probabilities.max(axis=-1))

    @property
    def of_truth(self) -> NDArray[np.floating]:
        """The probability of the true class, [N]."""
        return np.asarray(np.take_along_axis(self.probabilities, self.truths[:, None], axis=-1)[:, 0])

    def top(self, count: int) -> NDArray[np.bool_]:
        """Whether the truth is among the `count` likeliest classes, [N]."""
        above = (self.probabilities > self.of_truth[:, None]).sum(axis=-1)
        return np.asarray(above < count)


def chosen(answers: Answers, classes: Sequence[str], ids: Sequence[str]) -> list[tuple[int, Example]]:
    """Choose images to look at, each once, with their places: mistakes first, then what was hardly right."""
    places = range(len(answers.truths))
    wrong = [place for place in places if answers.decided[place] != answers.truths[place]]
    right = [place for place in places if answers.decided[place] == answers.truths[place]]
    ranks: dict[int, Rank] = {}
    for rank, among, keys in (
        ("confident", wrong, -answers.confidence),
        ("worst", wrong, answers.of_truth),
        ("unsure", right, answers.confidence),
    ):
        ranks |= dict.fromkeys(_first((place for place in among if place not in ranks), keys, ids), rank)  # type: ignore[arg-type]
    return [(place, _example(place, rank, answers, classes, ids)) for place, rank in ranks.items()]


def _first(places: Iterable[int], keys: NDArray[np.floating], ids: Sequence[str]) -> list[int]:
    return sorted(places, key=lambda place: (float(keys[place]), ids[place]))[:EXAMPLES]


def _example(place: int, rank: Rank, answers: Answers, classes: Sequence[str], ids: Sequence[str]) -> Example:
    return Example(
        id=ids[place],
        rank=rank,
        truth=classes[answers.truths[place]],
        prediction=classes[answers.decided[place]],
        confidence=min(float(answers.confidence[place]), 1.0),
        probability=min(float(answers.of_truth[place]), 1.0),
    )
