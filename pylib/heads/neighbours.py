"""The k nearest neighbours: nothing is fitted, each training image is kept; `logits` has the votes."""

import numpy as np
from numpy.typing import NDArray

from pylib.heads.standard import standard
from pylib.heads.table import Parameters
from pylib.models.heads.fitted import FittedHead, fitted
from pylib.models.heads.logits import standardised


def fit(
    features: NDArray[np.float32], targets: NDArray[np.int64], parameters: Parameters, _: int
) -> FittedHead:
    """Keep features [N,W] and targets [N], each of the classes 0…C-1 among them.

    With N images at most N - 1 vote: the weight of each is held against the next image after them.
    """
    arrays = standard(features)
    points = standardised(arrays, features)
    if parameters["metric"] == "cosine":
        points = points / np.sqrt((points * points).sum(axis=1, keepdims=True) + 1e-12)
    votes = np.eye(int(targets.max()) + 1)[targets]
    count = min(int(parameters["neighbours"]), len(points) - 1)
    said = {"kind": "neighbours", "parameters": {**parameters, "neighbours": count}}
    return fitted(said, {**arrays, "points": points, "votes": votes})
