"""Vector scaling: a scale and a bias for each class's logit; Guo et al. 2017, section 4.2."""

import numpy as np
from numpy.typing import NDArray

from pylib.calibration.targets import smoothed
from pylib.calibration.temperature import HIGHEST, LOWEST, fit_temperature
from pylib.models.calibration import Vector, log_softmax

_DIGITS = 4
"""Kept of each number: more would be what a processor's own rounding decides."""


def fit_vector(logits: NDArray[np.floating], targets: NDArray[np.integer]) -> Vector:
    """Find scales and biases of least negative log-likelihood of logits [N,C] and targets [N].

    Held to the best temperature by a ridge of weight 1/N: a few decisions cannot decide 2C numbers.
    """
    from scipy.optimize import minimize

    count, classes = logits.shape
    wanted, scores = smoothed(targets, classes), logits.astype(np.float64)
    start = np.concatenate(
        [np.full(classes, -np.log(fit_temperature(logits, targets).temperature)), np.zeros(classes)]
    )

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scale, less = np.exp(numbers[:classes]), numbers - start
        logs = log_softmax(scores * scale + numbers[classes:])
        off = (np.exp(logs) - wanted) / count
        slope = np.concatenate([(off * scores).sum(axis=0) * scale, off.sum(axis=0)]) + less / count
        return float(-(wanted * logs).sum() / count + (less @ less) / (2 * count)), slope

    limits = [(-np.log(HIGHEST), -np.log(LOWEST))] * classes + [(-10.0, 10.0)] * classes
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits).x
    return Vector(scale=_kept(np.exp(found[:classes])), bias=_kept(found[classes:]))


def _kept(numbers: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(f"{number:.{_DIGITS}g}") for number in numbers)
