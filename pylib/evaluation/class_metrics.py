"""What evaluation.json says of classes and of confidence, for the tasks that decide for one of C classes."""

from collections.abc import Mapping, Sequence

import numpy as np

from pylib.evaluation import confusion
from pylib.evaluation.calibration import Reliability
from pylib.evaluation.record import Share
from pylib.records import Record


class ClassMetrics(Record):
    """Metrics of one class; None where the class occurs neither in the truth nor in the prediction."""

    iou: Share | None
    f1: Share | None
    precision: Share | None
    recall: Share | None


class Bin(Record):
    """Decisions whose confidence lies in (lower, upper]; their mean confidence and their accuracy."""

    lower: Share
    upper: Share
    count: int
    confidence: Share
    accuracy: Share


def per_class(counts: confusion.Counts, classes: Sequence[str]) -> dict[str, ClassMetrics]:
    """Return the metrics of each class by name, of a confusion matrix int64 [C,C]."""
    columns = {
        "iou": confusion.intersection_over_union(counts),
        "f1": confusion.f1(counts),
        "precision": confusion.precision(counts),
        "recall": confusion.recall(counts),
    }
    return {
        name: ClassMetrics(**{metric: _defined(scores[place]) for metric, scores in columns.items()})
        for place, name in enumerate(classes)
    }


def by_name(classes: Mapping[str, ClassMetrics]) -> dict[str, float | None]:
    """Return `per_class.NAME.iou` of each class and `per_class.iou` of the worst; None if not defined."""
    values: dict[str, float | None] = {}
    for metric in ClassMetrics.model_fields:
        scores = {name: getattr(metrics, metric) for name, metrics in classes.items()}
        values[f"per_class.{metric}"] = min(
            (score for score in scores.values() if score is not None), default=None
        )
        values |= {f"per_class.{name}.{metric}": score for name, score in scores.items()}
    return values


def row_shares(counts: Sequence[Sequence[int]]) -> list[list[float | None]]:
    """Return each true class's decisions by predicted class as shares of 1; None where there are none."""
    return [[count / sum(row) if sum(row) else None for count in row] for row in counts]


def bins(found: Reliability) -> list[Bin]:
    """Return the bins with their means."""
    edges = np.linspace(0, 1, len(found.counts) + 1)
    whole = np.maximum(found.counts, 1)
    return [
        Bin(lower=lower, upper=upper, count=size, confidence=min(confidence, 1.0), accuracy=accuracy)
        for lower, upper, size, confidence, accuracy in zip(
            edges[:-1],
            edges[1:],
            found.counts.tolist(),
            (found.confidence / whole).tolist(),
            (found.correct / whole).tolist(),
            strict=True,
        )
    ]


def _defined(score: float) -> float | None:
    return None if np.isnan(score) else float(score)
