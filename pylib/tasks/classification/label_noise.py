"""Test images whose label may be wrong: another class is said of them as surely as of its own images.

Confident learning, of the test split alone; Northcutt, Jiang & Chuang, JAIR 2021,
https://arxiv.org/abs/1911.00068, section 3.1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pylib.evaluation.confident_learning import counted_for, thresholds
from pylib.tasks.classification.details import Example
from pylib.tasks.classification.examples import Answers


def likely(answers: Answers) -> NDArray[np.int64]:
    """Return the class that each image is counted for in the confident joint, [N]; -1 where for none.

    That is the likeliest of the classes whose probability reaches the mean of its own images. A class that
    no image is labelled with has no such mean, and nothing is counted for it.
    """
    means = thresholds(answers.probabilities, answers.truths)
    return counted_for(answers.probabilities, means)


def suspects(answers: Answers, classes: Sequence[str], ids: Sequence[str]) -> list[tuple[int, Example]]:
    """Return the images that are counted for another class than their label's, the likeliest not being that.

    With their places; first where the probability of that class exceeds most that of the label's.
    """
    counted = likely(answers)
    doubted = (counted >= 0) & (counted != answers.truths) & (answers.decided != answers.truths)
    places = np.flatnonzero(doubted)
    said = answers.probabilities[places, counted[places]].astype(np.float64)
    lead = dict(zip(places.tolist(), (said - answers.of_truth[places]).tolist(), strict=True))
    return [
        (
            place,
            Example(
                id=ids[place],
                rank="suspect",
                truth=classes[answers.truths[place]],
                prediction=classes[counted[place]],
                confidence=min(float(answers.probabilities[place, counted[place]]), 1.0),
                probability=min(float(answers.of_truth[place]), 1.0),
            ),
        )
        for place in sorted(lead, key=lambda place: (-lead[place], ids[place]))
    ]
