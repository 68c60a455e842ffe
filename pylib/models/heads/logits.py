"""What each kind of head computes: features float32 [N,W] to logits float32 [N,C].

Written once for two: `ops` is numpy where a head is judged, or keras.ops, which has numpy's names, where it
becomes a part of the exported graph. All is continuous in the features: rounding in another runtime moves
an answer by as little, and never turns it over as a hard vote or split would.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pylib.models.heads.spec import HeadSpec

Arrays = Mapping[str, Any]
_TINY = 1e-12
_TIES = 1e-4  # share of the farthest distance: neighbours that are all as far count alike


def logits(spec: HeadSpec, arrays: Arrays, features: Any, ops: Any = np) -> Any:
    """Return the logits, [N,C], of features [N,W] by the head of these arrays."""
    return _KINDS[spec.kind](spec, arrays, features, ops)


def standardised(arrays: Arrays, features: Any) -> Any:
    """Features less their mean, by their deviation, as the head learned them."""
    return (features - arrays["mean"]) * arrays["scale"]


def _logistic(_: HeadSpec, arrays: Arrays, features: Any, ops: Any) -> Any:
    return ops.matmul(standardised(arrays, features), arrays["weights"]) + arrays["bias"]


def _dense(_: HeadSpec, arrays: Arrays, features: Any, ops: Any) -> Any:
    hidden, last = standardised(arrays, features), sum(name.startswith("bias") for name in arrays) - 1
    for place in range(last):
        hidden = ops.maximum(ops.matmul(hidden, arrays[f"weights_{place}"]) + arrays[f"bias_{place}"], 0.0)
    return ops.matmul(hidden, arrays[f"weights_{last}"]) + arrays[f"bias_{last}"]


def _svm(spec: HeadSpec, arrays: Arrays, features: Any, ops: Any) -> Any:
    """One machine a class against the rest, with a Gaussian kernel; C machines share the vectors [S,W]."""
    squares = _squares(standardised(arrays, features), arrays["vectors"], ops)
    return ops.matmul(ops.exp(-float(spec.parameters["gamma"]) * squares), arrays["weights"]) + arrays["bias"]


def _neighbours(spec: HeadSpec, arrays: Arrays, features: Any, ops: Any) -> Any:
    """The logarithm of shares of k votes, each weighed by how much nearer it is than the next after them.

    Dudani, The Distance-Weighted k-Nearest-Neighbor Rule, 1976, https://doi.org/10.1109/TSMC.1976.5408784,
    with squared distances and its zero at the neighbour after the k: there votes enter and leave without a
    jump. Shares are of k votes and one that is spread over all classes, so that none is 0.
    """
    points = standardised(arrays, features)
    if spec.parameters["metric"] == "cosine":
        points = points / ops.sqrt(ops.sum(points * points, axis=1, keepdims=True) + _TINY)
    count = int(spec.parameters["neighbours"])
    near, places = _nearest(_squares(points, arrays["points"], ops), count + 1, ops)
    farthest = near[:, -1:]
    weights = farthest - near[:, :count] + _TIES * farthest + _TINY
    votes = ops.take(arrays["votes"], places[:, :count], axis=0)
    shares = ops.sum(votes * weights[:, :, None], axis=1) / ops.sum(weights, axis=1, keepdims=True)
    classes = arrays["votes"].shape[1]
    return ops.log((count * shares + 1 / classes) / (count + 1))


def _boosting(spec: HeadSpec, arrays: Arrays, features: Any, ops: Any) -> Any:
    """Sum the leaves of T complete trees, each by how far the features go its way.

    A split is a ramp as wide as a thousandth of the feature's deviation, so an image at its edge is shared.
    """
    trees, shares = arrays["feature_0"].shape[0], None
    for level in range(int(spec.parameters["depth"])):
        values = ops.take(features, ops.reshape(arrays[f"feature_{level}"], (-1,)), axis=1)
        values = ops.reshape(values, (-1, trees, 2**level))
        right = ops.clip((values - arrays[f"threshold_{level}"]) * arrays[f"slope_{level}"] + 0.5, 0.0, 1.0)
        both = ops.stack([1.0 - right, right], axis=-1)
        both = both if shares is None else both * shares[:, :, :, None]
        shares = ops.reshape(both, (-1, trees, 2 ** (level + 1)))
    return ops.matmul(ops.reshape(shares, (-1, arrays["leaves"].shape[0])), arrays["leaves"]) + arrays["bias"]


def _squares(points: Any, others: Any, ops: Any) -> Any:
    """Squared distances [N,M] of points [N,W] from others [M,W]."""
    own = ops.sum(points * points, axis=1, keepdims=True)
    theirs = ops.sum(others * others, axis=1)
    return ops.maximum(own + theirs - 2.0 * ops.matmul(points, ops.transpose(others)), 0.0)


def _nearest(distances: Any, count: int, ops: Any) -> tuple[Any, Any]:
    """The smallest `count` of each row and where they are; of equals the first."""
    if ops is np:
        places = np.argsort(distances, axis=1, kind="stable")[:, :count]
        return np.take_along_axis(distances, places, axis=1), places
    values, places = ops.top_k(-distances, count)
    return -values, places


_KINDS: dict[str, Callable[[HeadSpec, Arrays, Any, Any], Any]] = {
    "logistic": _logistic,
    "dense": _dense,
    "svm": _svm,
    "neighbours": _neighbours,
    "boosting": _boosting,
}
