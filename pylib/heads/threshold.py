"""To say "I do not know": the confidence below which an answer is too often wrong, by the validation."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Threshold(NamedTuple):
    """What was found.

    value: answers less confident than this are unsure; 0: none is
    precision, answered: shares of the validation answers: right of those above it; above it of all
    note: what a person should know of it, a sentence; empty where nothing
    """

    value: float
    precision: float | None
    answered: float
    note: str = ""


def find_threshold(
    probabilities: NDArray[np.floating], targets: NDArray[np.integer], target_precision: float
) -> Threshold:
    """Find the lowest confidence above which so large a share of the answers is right; 0 asks for none.

    probabilities: [N,C] in [0,1], N of at least 1; targets: [N]. The value lies half-way to the next answer
    below, so that rounding elsewhere turns none of these.
    """
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    confidence, right = confidence[order], (probabilities.argmax(axis=1) == targets)[order]
    count = np.arange(1, len(right) + 1)
    precision = np.cumsum(right) / count
    if target_precision == 0:
        return Threshold(0.0, float(precision[-1]), 1.0)
    ends = np.append(confidence[1:] < confidence[:-1], True)  # a threshold does not part equals
    enough = np.flatnonzero(ends & (precision >= target_precision))
    if not len(enough):
        note = (
            f"no confidence gives a precision of {target_precision:g} on the validation split "
            f"({len(right)} images): every answer is unsure"
        )
        return Threshold(1.0, None, 0.0, note)
    last = int(enough[-1])
    below = float(confidence[last + 1]) if last + 1 < len(right) else None
    value = 0.0 if below is None else (float(confidence[last]) + below) / 2
    return Threshold(value, float(precision[last]), (last + 1) / len(right))
