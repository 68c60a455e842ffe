"""Support vector machines with a Gaussian kernel, scikit-learn's: one a class, against the rest.

Against the rest, and not each pair: the score of a class is then a continuous function of an image, which
temperature scaling turns into a probability; votes of pairs jump. Rifkin and Klautau, In Defense of
One-Vs-All Classification, 2004, https://jmlr.org/papers/v5/rifkin04a.html, find it as accurate.
"""

import numpy as np
from numpy.typing import NDArray

from pylib.heads.standard import standard
from pylib.heads.table import Parameters
from pylib.models.heads.fitted import FittedHead, fitted
from pylib.models.heads.logits import standardised


def fit(features: NDArray[np.float32], targets: NDArray[np.int64], parameters: Parameters, _: int) -> FittedHead:
    """Fit on features [N,W] and targets [N], each of the classes 0…C-1 among them.

    `spread`: the kernel's gamma as a share of 1/W, where W features vary
    """
    arrays = standard(features)
    points = standardised(arrays, features)
    gamma = float(parameters["spread"]) / max(1, np.count_nonzero(arrays["scale"]))
    weights, bias = _machines(points.astype(np.float64), targets, float(parameters["C"]), gamma)
    used = np.flatnonzero(weights.any(axis=1))
    kept = {"vectors": points[used], "weights": weights[used], "bias": bias}
    return fitted({"kind": "svm", "parameters": {**parameters, "gamma": gamma}}, {**arrays, **kept})


def _machines(
    points: NDArray[np.float64], targets: NDArray[np.int64], strength: float, gamma: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weight of each point [N,C] and the bias [C] of the machine of each class."""
    from sklearn.svm import SVC

    classes = int(targets.max()) + 1
    weights, bias = np.zeros((len(points), classes)), np.zeros(classes)
    for label in range(classes):
        machine = SVC(C=strength, gamma=gamma, cache_size=500).fit(points, targets == label)
        weights[machine.support_, label] = machine.dual_coef_[0]
        bias[label] = machine.intercept_[0]
    return weights, bias
