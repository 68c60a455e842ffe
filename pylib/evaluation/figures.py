"""From counts over the test images to the figures of evaluation.json."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.evaluation import calibration
from pylib.evaluation.exported import ExportedModel
from pylib.evaluation.parity import Agreement
from pylib.evaluation.record import Bin, ClassMetrics, Example, Figures, Rank
from pylib.training import metrics

EXAMPLES = 3


class Measured(NamedTuple):
    """What one pass over N test images leaves.

    confusions: int64 [N,C,C], one an image; predictions: class indices uint8 [N,S,S].
    """

    confusions: NDArray[np.int64]
    predictions: NDArray[np.uint8]
    reliability: calibration.Reliability
    agreement: Agreement


def figures(measured: Measured, ids: Sequence[str], exported: ExportedModel, dataset: str) -> Figures:
    """Compute all figures; `ids` names the images in the order of the counts."""
    confusion = measured.confusions.sum(axis=0)
    return Figures(
        model_digest=exported.digest,
        dataset=dataset,
        images=len(ids),
        classes=exported.classes,
        metrics=_overall(confusion, measured.reliability),
        per_class=_per_class(confusion, exported.classes),
        confusion=confusion.tolist(),
        reliability=_bins(measured.reliability),
        examples=[example for _, example in examples(measured, ids)],
        parity=measured.agreement.parity(),
    )


def examples(measured: Measured, ids: Sequence[str]) -> list[tuple[int, Example]]:
    """Choose the best, the median and the worst images by their own mean IoU, with their places in the split.

    Each image is shown once; of few images there are few examples.
    """
    scores = [metrics.mean_iou(confusion) for confusion in measured.confusions]
    order = sorted(range(len(ids)), key=lambda place: (-scores[place], ids[place]))
    middle = max(0, len(order) // 2 - EXAMPLES // 2)
    chosen: dict[int, Rank] = dict.fromkeys(order[middle : middle + EXAMPLES], "median")
    chosen |= dict.fromkeys(order[:EXAMPLES], "best")
    chosen |= dict.fromkeys(order[EXAMPLES:][-EXAMPLES:], "worst")
    places = sorted(chosen, key=order.index)
    return [(at, Example(id=ids[at], rank=chosen[at], mean_iou=scores[at])) for at in places]


def _overall(confusion: metrics.Counts, bins: calibration.Reliability) -> dict[str, float]:
    return {
        "mean_iou": metrics.mean_iou(confusion),
        "f1": metrics.mean_over_classes(metrics.f1(confusion)),
        "precision": metrics.mean_over_classes(metrics.precision(confusion)),
        "recall": metrics.mean_over_classes(metrics.recall(confusion)),
        "pixel_accuracy": metrics.pixel_accuracy(confusion),
        "expected_calibration_error": calibration.expected_calibration_error(bins),
    }


def _per_class(confusion: metrics.Counts, classes: Sequence[str]) -> dict[str, ClassMetrics]:
    columns = {
        "iou": metrics.intersection_over_union(confusion),
        "f1": metrics.f1(confusion),
        "precision": metrics.precision(confusion),
        "recall": metrics.recall(confusion),
    }
    return {
        name: ClassMetrics(**{metric: _defined(scores[place]) for metric, scores in columns.items()})
        for place, name in enumerate(classes)
    }


def _defined(score: float) -> float | None:
    return None if np.isnan(score) else float(score)


def _bins(found: calibration.Reliability) -> list[Bin]:
    edges = np.linspace(0, 1, len(found.pixels) + 1)
    whole = np.maximum(found.pixels, 1)
    return [
        Bin(lower=lower, upper=upper, pixels=size, confidence=min(confidence, 1.0), accuracy=accuracy)
        for lower, upper, size, confidence, accuracy in zip(
            edges[:-1],
            edges[1:],
            found.pixels.tolist(),
            (found.confidence / whole).tolist(),
            (found.correct / whole).tolist(),
            strict=True,
        )
    ]
