"""What a calibration is fitted to: truths that are not beyond doubt."""

import numpy as np
from numpy.typing import NDArray


def smoothed(targets: NDArray[np.integer], classes: int) -> NDArray[np.float64]:
    """Return the wanted probabilities [N,C] of truths [N], N of at least 1.

    The truth of n decisions counts as n+1 in n+2, and what is missing goes to the other classes, as in
    Platt's targets (Probabilistic Outputs for Support Vector Machines, 1999): an answer is right or wrong,
    and of a few that are all right the likeliest is no doubt at all.
    """
    count = len(targets)
    truth = (count + 1) / (count + 2)
    wanted = np.full((count, classes), (1 - truth) / (classes - 1))
    wanted[np.arange(count), targets] = truth
    return wanted


def log_likelihoods(probabilities: NDArray[np.float64], targets: NDArray[np.integer]) -> NDArray[np.float64]:
    """The logarithm of what is said of each truth, [N], of probabilities [N,C]; none below -27."""
    said = probabilities[np.arange(len(targets)), targets]
    found: NDArray[np.float64] = np.log(np.maximum(said, 1e-12))
    return found
