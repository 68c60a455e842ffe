"""Temperature scaling: one number that makes the confidence of a head's answers what it should be.

Guo et al., On Calibration of Modern Neural Networks, 2017, https://arxiv.org/abs/1706.04599: logits are
divided by it, so no answer changes, only how sure it is. Fitted on the calibration split, which neither the
head nor its choice has seen.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST = 0.02, 50.0


class Temperature(NamedTuple):
    """What logits are to be divided by, and what a person should know of it: a sentence, or empty."""

    value: float
    note: str = ""


def fit_temperature(logits: NDArray[np.floating], targets: NDArray[np.integer]) -> Temperature:
    """Find the temperature of least negative log-likelihood, in [0.02, 50], of logits [N,C] and targets [N].

    The truth of n images counts as n+1 in n+2, and what is missing goes to the other classes, as in Platt's
    targets (Probabilistic Outputs for Support Vector Machines, 1999): an answer is right or wrong, and of a
    few that are all right the likeliest is no doubt at all.
    """
    from scipy.optimize import minimize_scalar

    if not len(targets):
        return Temperature(
            1.0, "the calibration split has no image: probabilities are as the head gives them"
        )
    wanted, scores = _targets(targets, logits.shape[1]), logits.astype(np.float64)

    def loss(log_temperature: float) -> float:
        return float(-(wanted * log_softmax(scores / np.exp(log_temperature))).sum(axis=1).mean())

    bounds = np.log(LOWEST), np.log(HIGHEST)
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return Temperature(float(np.float32(np.exp(found.x))))


def probabilities(logits: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """The probabilities [N,C] of logits [N,C] at a temperature."""
    return np.exp(log_softmax(logits.astype(np.float64) / temperature))


def log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of softmax over the last axis."""
    less = scores - scores.max(axis=-1, keepdims=True)
    found: NDArray[np.float64] = less - np.log(np.exp(less).sum(axis=-1, keepdims=True))
    return found


def _targets(targets: NDArray[np.integer], classes: int) -> NDArray[np.float64]:
    count = len(targets)
    truth = (count + 1) / (count + 2)
    wanted = np.full((count, classes), (1 - truth) / (classes - 1))
    wanted[np.arange(count), targets] = truth
    return wanted
