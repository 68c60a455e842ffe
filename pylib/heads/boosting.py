"""Gradient boosting, scikit-learn's by histograms: trees of at most 8 leaves, laid out as complete ones.

Not standardised: a split is the same wherever a feature's zero lies. Instead each split knows the deviation
of its feature, for the ramp that it becomes.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.heads.table import Parameters
from pylib.models.heads.fitted import FittedHead, fitted

RAMP = 1e-3
"""How wide a split's ramp is, as a share of its feature's deviation."""


def fit(
    features: NDArray[np.float32], targets: NDArray[np.int64], parameters: Parameters, seed: int
) -> FittedHead:
    """Fit on features [N,W] and targets [N], each of the classes 0…C-1 among them."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    depth = int(parameters["depth"])
    model = HistGradientBoostingClassifier(
        max_iter=parameters["trees"],
        learning_rate=parameters["learning_rate"],
        max_depth=depth,
        max_leaf_nodes=None,
        min_samples_leaf=max(1, min(20, len(targets) // 20)),
        early_stopping=False,
        random_state=seed,
    ).fit(features, targets)
    ramps = RAMP * features.std(axis=0, dtype=np.float64)
    slopes = 1 / np.where(ramps > 0, ramps, 1.0)  # what a constant feature is compared with is far away
    return fitted({"kind": "boosting", "parameters": parameters}, _arrays(model, depth, slopes))


def _arrays(model: Any, depth: int, slopes: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """All trees, level by level: `feature_…`, `threshold_…`, `slope_…` [T,2^level], and `leaves` [8T,C]."""
    rounds, bias = model._predictors, np.ravel(model._baseline_prediction)  # noqa: SLF001 - there is no other way
    trees = [(tree.nodes, label) for each in rounds for label, tree in enumerate(each)]
    two = len(bias) == 1
    classes = 2 if two else len(bias)
    found: dict[str, NDArray[Any]] = {}
    for level in range(depth):
        found[f"feature_{level}"] = np.zeros((len(trees), 2**level), np.int32)
        found[f"threshold_{level}"] = np.zeros((len(trees), 2**level))
        found[f"slope_{level}"] = np.zeros((len(trees), 2**level))
    leaves = np.zeros((len(trees), 2**depth, classes))
    for place, (nodes, label) in enumerate(trees):
        _walk(nodes, 0, (place, 0, 0), depth, slopes, found, leaves[..., 1 if two else label])
    found["leaves"] = leaves.reshape(-1, classes)
    found["bias"] = np.array([0.0, bias[0]]) if two else bias
    return found


def _walk(
    nodes: Any,
    node: int,
    place: tuple[int, int, int],
    depth: int,
    slopes: NDArray[np.float64],
    found: dict[str, NDArray[Any]],
    leaves: NDArray[np.float64],
) -> None:
    """Lay out a node and what is below it; a leaf that comes early stands for all that could be below it."""
    tree, level, index = place
    if nodes[node]["is_leaf"]:
        span = 2 ** (depth - level)
        leaves[tree, index * span : (index + 1) * span] = nodes[node]["value"]
        return
    feature = int(nodes[node]["feature_idx"])
    found[f"feature_{level}"][tree, index] = feature
    found[f"threshold_{level}"][tree, index] = nodes[node]["num_threshold"]
    found[f"slope_{level}"][tree, index] = slopes[feature]
    for side, child in enumerate(("left", "right")):
        below = (tree, level + 1, 2 * index + side)
        _walk(nodes, int(nodes[node][child]), below, depth, slopes, found, leaves)
