"""Multinomial logistic regression, scikit-learn's: one matrix."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.heads.standard import standard
from pylib.heads.table import Parameters
from pylib.models.heads.fitted import FittedHead, fitted
from pylib.models.heads.logits import standardised


def fit(
    features: NDArray[np.float32], targets: NDArray[np.int64], parameters: Parameters, _: int
) -> FittedHead:
    """Fit on features [N,W] and targets [N], each of the classes 0…C-1 among them."""
    from sklearn.linear_model import LogisticRegression

    arrays = standard(features)
    points = standardised(arrays, features).astype(np.float64)
    model = LogisticRegression(C=parameters["C"], tol=1e-3, max_iter=1000).fit(points, targets)
    return fitted({"kind": "logistic", "parameters": parameters}, {**arrays, **_columns(model)})


def _columns(model: Any) -> dict[str, NDArray[np.float64]]:
    """Of two classes there is one score, the second's: the first's is 0."""
    weights, bias = model.coef_.T, model.intercept_
    if weights.shape[1] == 1:
        weights, bias = np.hstack([0 * weights, weights]), np.array([0.0, bias[0]])
    return {"weights": weights, "bias": bias}
