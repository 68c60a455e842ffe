"""Confusion matrices and the metrics of classes that follow from them: counts that add up; numpy alone.

What is counted is a decision for one of C classes: of an image, or of each of its pixels.

A class that occurs neither in the truth nor in the prediction has no IoU, F1, precision or recall: it is NaN,
and means over classes leave it out. A class that occurs in only one of the two scores 0.

Matrices are [...,C,C]: of one test split, of each image, of each draw of a bootstrap.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[Any]
Scores = NDArray[np.float64]


def confusion_matrix(truth: NDArray[np.integer], prediction: NDArray[np.integer], classes: int) -> Counts:
    """Count decisions by (true class, predicted class): int64 [C,C] from two arrays of class indices 0..C-1.

    Raises:
        ValueError: the shapes differ, or an index is outside 0..C-1.

    """
    if truth.shape != prediction.shape:
        raise ValueError(f"truth has shape {truth.shape}, prediction {prediction.shape}: they must be equal")
    for name, array in (("truth", truth), ("prediction", prediction)):
        if array.size and not 0 <= array.min() <= array.max() < classes:
            raise ValueError(f"{name} has class index {array.max()}, outside 0..{classes - 1}")
    pairs = truth.astype(np.int64).ravel() * classes + prediction.ravel()
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def intersection_over_union(confusion: Counts) -> Scores:
    """Jaccard index of each class, float64 [...,C] in [0,1]: hits / (in truth or predicted)."""
    return jaccard(overlaps(confusion))


def overlaps(confusion: Counts) -> Counts:
    """Hits, and decisions for or of the class, [...,2,C]; those of images add up as counts do."""
    hits, true, predicted = _marginals(confusion)
    return np.stack([hits, true + predicted - hits], axis=-2)


def jaccard(overlap: NDArray[Any]) -> Scores:
    """Jaccard index of each class, float64 [...,C], of a sum of `overlaps` [...,2,C]."""
    hits, either = np.moveaxis(overlap, -2, 0).astype(np.float64)
    return _ratio(hits, either, absent=either == 0)


def precision(confusion: Counts) -> Scores:
    """Share of the decisions for a class that are right, float64 [...,C] in [0,1]."""
    hits, true, predicted = _marginals(confusion)
    return _ratio(hits, predicted, absent=true + predicted == 0)


def recall(confusion: Counts) -> Scores:
    """Share of a class that was found, float64 [...,C] in [0,1]."""
    hits, true, predicted = _marginals(confusion)
    return _ratio(hits, true, absent=true + predicted == 0)


def f1(confusion: Counts) -> Scores:
    """Harmonic mean of precision and recall (Dice coefficient) of each class, float64 [...,C] in [0,1]."""
    hits, true, predicted = _marginals(confusion)
    return _ratio(2 * hits, true + predicted, absent=true + predicted == 0)


def mean_over_classes(scores: Scores) -> Any:
    """Mean of the classes that occur, float64 [...] of scores [...,C]; NaN where none does."""
    there = ~np.isnan(scores)
    count = there.sum(axis=-1)
    return _ratio(np.where(there, scores, 0.0).sum(axis=-1), count, absent=count == 0)[()]


def mean_iou(confusion: Counts) -> Any:
    """Mean over classes of the intersection over union, [...] in [0,1] (mIoU of VOC and Cityscapes)."""
    return mean_over_classes(intersection_over_union(confusion))


def macro_f1(confusion: Counts) -> Any:
    """Mean over classes of F1, [...] in [0,1]; NaN of no decision."""
    return mean_over_classes(f1(confusion))


def accuracy(confusion: Counts) -> Any:
    """Share of decisions that are right, [...] in [0,1]; NaN for none. Blind to rare classes."""
    hits, true, _ = _marginals(confusion)
    total = true.sum(axis=-1)
    return _ratio(hits.sum(axis=-1), total, absent=total == 0)[()]


def _marginals(confusion: Counts) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return hits, confusion.sum(axis=-1), confusion.sum(axis=-2)


def _ratio(part: NDArray[Any], whole: NDArray[Any], *, absent: NDArray[np.bool_]) -> Scores:
    ratio = np.divide(part, whole, out=np.zeros(np.shape(part), np.float64), where=whole > 0)
    return np.where(absent, np.nan, ratio)
