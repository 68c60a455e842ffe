"""The metrics of a segmentation, all from one confusion matrix of hard decisions; numpy alone.

The matrix is int64 [C,C], rows are the truth, columns the decision; those of batches add up to that of the
whole. A class that is neither present nor predicted has no score (NaN), and means leave it out.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Confusion = NDArray[np.int64]


def iou(confusion: Confusion) -> NDArray[np.float64]:
    """Return intersection over union by class, [C] in [0,1]; NaN for one neither present nor predicted."""
    hits = np.diag(confusion)
    return _ratio(hits, confusion.sum(axis=0) + confusion.sum(axis=1) - hits)


def f1(confusion: Confusion) -> NDArray[np.float64]:
    """Return F1 (Dice) by class, [C] in [0,1]; NaN for one neither present nor predicted."""
    return _ratio(2 * np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def pixel_accuracy(confusion: Confusion) -> float:
    """Return the share of pixels decided rightly, in [0,1]."""
    return float(np.trace(confusion) / max(1, confusion.sum()))


def summary(confusion: Confusion, classes: Sequence[str]) -> dict[str, float]:
    """Return mean_iou, f1 (means over the classes that occur), pixel_accuracy and iou_<class>."""
    by_class = iou(confusion)
    named = {f"iou_{name}": float(value) for name, value in zip(classes, by_class, strict=True)}
    return {
        "mean_iou": _mean(by_class),
        "f1": _mean(f1(confusion)),
        "pixel_accuracy": pixel_accuracy(confusion),
        **{name: value for name, value in named.items() if not np.isnan(value)},
    }


def _ratio(part: Confusion, whole: Confusion) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(whole > 0, part / np.maximum(whole, 1), np.nan), dtype=np.float64)


def _mean(values: NDArray[np.float64]) -> float:
    return 0.0 if np.isnan(values).all() else float(np.nanmean(values))
