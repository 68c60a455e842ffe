"""Curves of the answers: precision against the share answered; of two classes, ROC and precision-recall."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pylib.tasks.classification.details import Binary, Covered
from pylib.tasks.classification.examples import Answers

POINTS = 200
"""A curve is thinned to at most so many points, its ends among them."""


def sure(answers: Answers, confidence_threshold: float) -> NDArray[np.bool_]:
    """Tell which answers are not unsure, [N], by the rule of the served answer: at 1 none is."""
    confidence = answers.confidence.astype(np.float64)
    return np.asarray((confidence >= confidence_threshold) & (confidence_threshold < 1))


def answered(answers: Answers, confidence_threshold: float) -> dict[str, float]:
    """Return `answered`, and `precision_answered` where anything is, in [0,1]; N of at least 1."""
    right = (answers.decided == answers.truths)[sure(answers, confidence_threshold)]
    found = {"answered": right.size / len(answers.truths)}
    return found | ({"precision_answered": float(right.mean())} if right.size else {})


def coverage(answers: Answers) -> list[Covered]:
    """Risk and coverage: what of the answers is right, above each confidence that there is.

    Source: El-Yaniv & Wiener, On the Foundations of Noise-free Selective Classification, JMLR 2010.
    """
    order = np.argsort(-answers.confidence, kind="stable")
    confidence = answers.confidence[order]
    count = np.arange(1, len(order) + 1)
    precision = np.cumsum((answers.decided == answers.truths)[order]) / count
    ends = np.flatnonzero(np.append(confidence[1:] < confidence[:-1], True)[: len(order)])
    return [
        Covered(
            confidence=min(float(confidence[end]), 1.0),
            answered=float(count[end] / len(order)),
            precision=float(precision[end]),
        )
        for end in _thinned(ends)
    ]


def areas(answers: Answers) -> dict[str, float]:
    """Return `roc_auc` and `average_precision` of the second of two classes; nothing where not defined."""
    if not _two(answers):
        return {}
    from sklearn.metrics import average_precision_score, roc_auc_score

    probability = answers.probabilities[:, 1]
    return {
        "roc_auc": float(roc_auc_score(answers.truths, probability)),
        "average_precision": float(average_precision_score(answers.truths, probability)),
    }


def drawn(
    times: NDArray[np.int64], answers: Answers, confidence_threshold: float
) -> dict[str, NDArray[np.float64]]:
    """`answered` and `areas` of draws of the images, [R] of how often each is there, [R,N]; NaN is none."""
    certain = sure(answers, confidence_threshold)
    right = certain & (answers.decided == answers.truths)
    said = (times @ certain).astype(np.float64)
    precision = np.divide(times @ right, said, out=np.full(len(times), np.nan), where=said > 0)
    found = {"answered": said / times.sum(axis=1), "precision_answered": precision}
    return found | (_drawn_areas(times, answers) if _two(answers) else {})


def _drawn_areas(times: NDArray[np.int64], answers: Answers) -> dict[str, NDArray[np.float64]]:
    """As scikit-learn's functions of the same names: equals are passed at one threshold."""
    probability = answers.probabilities[:, 1]
    order = np.argsort(-probability, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(probability[order]) != 0))
    weights, true = times[:, order], answers.truths[order] == 1
    hits = np.add.reduceat(weights * true, starts, axis=1).astype(np.float64)
    misses = np.add.reduceat(weights * ~true, starts, axis=1).astype(np.float64)
    above, false = np.cumsum(hits, axis=1), np.cumsum(misses, axis=1)
    both = above[:, -1] * false[:, -1]
    area = ((above - hits / 2) * misses).sum(axis=1)
    precision = np.divide(above, above + false, out=np.zeros_like(above), where=above + false > 0)
    average = (hits * precision).sum(axis=1)
    nothing = np.full(len(times), np.nan)
    return {
        "roc_auc": np.divide(area, both, out=nothing.copy(), where=both > 0),
        "average_precision": np.divide(average, above[:, -1], out=nothing, where=both > 0),
    }


def binary(answers: Answers, classes: Sequence[str]) -> Binary | None:
    """Return the curves of the second of two classes; None where there are more, or images of one alone."""
    if not _two(answers):
        return None
    from sklearn.metrics import precision_recall_curve, roc_curve

    probability = answers.probabilities[:, 1]
    false, true, _ = roc_curve(answers.truths, probability)
    precision, recall, _ = precision_recall_curve(answers.truths, probability)
    return Binary(positive=classes[1], roc=_points(false, true), precision_recall=_points(recall, precision))


def _two(answers: Answers) -> bool:
    return answers.probabilities.shape[1] == 2 and len(np.unique(answers.truths)) == 2  # noqa: PLR2004


def _points(x: NDArray[np.floating], y: NDArray[np.floating]) -> list[tuple[float, float]]:
    return [(float(x[place]), float(y[place])) for place in _thinned(np.arange(len(x)))]


def _thinned(places: NDArray[np.integer]) -> NDArray[np.integer]:
    if len(places) <= POINTS:
        return places
    return places[np.linspace(0, len(places) - 1, POINTS).round().astype(np.int64)]
