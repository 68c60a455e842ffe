"""Temperature scaling: one number that makes the confidence of answers what it should be.

Guo et al., On Calibration of Modern Neural Networks, 2017, https://arxiv.org/abs/1706.04599: logits are
divided by it, so no answer changes, only how sure it is. Fitted on the calibration split, which neither the
network nor its choice has seen.
"""

import numpy as np
from numpy.typing import NDArray

from pylib.calibration.targets import smoothed
from pylib.models.calibration import Temperature, log_softmax

LOWEST, HIGHEST = 0.02, 50.0


def fit_temperature(logits: NDArray[np.floating], targets: NDArray[np.integer]) -> Temperature:
    """Find the temperature of least negative log-likelihood, in [0.02, 50], of logits [N,C], targets [N]."""
    from scipy.optimize import minimize_scalar

    wanted, scores = smoothed(targets, logits.shape[1]), logits.astype(np.float64)

    def loss(log_temperature: float) -> float:
        return float(-(wanted * log_softmax(scores / np.exp(log_temperature))).sum(axis=1).mean())

    bounds = np.log(LOWEST), np.log(HIGHEST)
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return Temperature(temperature=float(np.float32(np.exp(found.x))))
