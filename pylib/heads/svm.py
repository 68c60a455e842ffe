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

_SHARED = 10_000


def fit(
    features: NDArray[np.float32], targets: NDArray[np.int64], parameters: Parameters, _: int
) -> FittedHead:
    """Fit on features [N,W] and targets [N], each of the classes 0…C-1 among them.

    `spread`: the kernel's gamma as a share of 1/W, where W features vary
    """
    arrays = standard(features)
    points = standardised(arrays, features)
    gamma = float(parameters["spread"]) / max(1, int(np.count_nonzero(arrays["scale"])))
    weights, bias = _machines(points.astype(np.float64), targets, float(parameters["C"]), gamma)
    used = np.flatnonzero(weights.any(axis=1))
    kept = {"vectors": points[used], "weights": weights[used], "bias": bias}
    return fitted({"kind": "svm", "parameters": {**parameters, "gamma": gamma}}, {**arrays, **kept})


def _machines(
    points: NDArray[np.float64], targets: NDArray[np.int64], strength: float, gamma: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weight of each point [N,C] and the bias [C] of the machine of each class.

    The kernel is computed once for all machines, where it has its place in memory (800 MB at most).
    """
    from sklearn.metrics.pairwise import rbf_kernel
    from sklearn.svm import SVC

    classes, shared = int(targets.max()) + 1, len(points) <= _SHARED
    kernel = rbf_kernel(points, gamma=gamma) if shared else points
    weights, bias = np.zeros((len(points), classes)), np.zeros(classes)
    for label in range(classes):
        machine = SVC(C=strength, kernel="precomputed" if shared else "rbf", gamma=gamma, cache_size=500)
        machine.fit(kernel, targets == label)
        weights[machine.support_, label] = machine.dual_coef_[0]
        bias[label] = machine.intercept_[0]
    return weights, bias
