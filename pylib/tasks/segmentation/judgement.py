"""The judgement of a segmentation on the test split: metrics of its classes, calibration, examples."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pylib.errors import DataError
from pylib.evaluation import calibration, confusion
from pylib.evaluation import parity as parities
from pylib.evaluation.class_metrics import ClassMetrics, bins, by_name, per_class
from pylib.evaluation.intervals import Bounds, intervals, lower_bounds
from pylib.evaluation.parity import Agreement, agreement
from pylib.evaluation.record import Measurement
from pylib.tasks.segmentation.details import Details, Example, Rank
from pylib.tasks.segmentation.ignored import counted
from pylib.tasks.segmentation.panels import Panel, context

__all__ = ["METRICS", "SCORE", "Details", "accumulator", "difference", "score", "values"]

SCORE = "mean_iou"
METRICS = (
    "images",
    "mean_iou",
    "f1",
    "precision",
    "recall",
    "pixel_accuracy",
    "expected_calibration_error",
    "parity.same_class_share",
    "parity.max_probability_difference",
    *(f"per_class.{name}" for name in ClassMetrics.model_fields),
    *(f"per_class.*.{name}" for name in ClassMetrics.model_fields),
    "mean_iou.lower",
    "per_class.iou.lower",
    "per_class.*.iou.lower",
)
"""`per_class.iou` is that of the worst class, `per_class.NAME.iou` that of one. `mean_iou.lower` is the lower
bound of its 95 % interval, `per_class.iou.lower` the lowest bound of a class."""
EXAMPLES = 3


class Accumulator:
    """Counts over N test images, and their class maps; no probabilities are kept.

    ids: names of the images, in the order in which they are added
    confusions: int64 [C,C], one an image; predictions: class indices uint8 [n,S,S], one array a batch.
    Pixels whose truth is IGNORED are in none of the counts but parity's, which asks for no truth.
    """

    def __init__(self, classes: Sequence[str], ids: Sequence[str]) -> None:
        self.classes, self.ids = list(classes), ids
        self.confusions: list[confusion.Counts] = []
        self.predictions: list[NDArray[np.uint8]] = []
        self.reliability = calibration.Reliability.empty()
        self.agreement = Agreement()

    def add(
        self,
        targets: NDArray[np.uint8],
        outputs: NDArray[np.floating],
        trained: NDArray[np.floating],
    ) -> None:
        """Take a batch: class indices [n,S,S], probabilities [n,S,S,C] of the export and of the trained."""
        predicted = outputs.argmax(axis=-1).astype(np.uint8)
        self.predictions.append(predicted)
        counts = counted(targets, len(self.classes))
        self.confusions += [
            confusion.confusion_matrix(truth[kept], decided[kept], classes=len(self.classes))
            for truth, decided, kept in zip(targets, predicted, counts, strict=True)
        ]
        self.reliability = self.reliability.merge(calibration.reliability(outputs[counts], targets[counts]))
        self.agreement = self.agreement.merge(agreement(trained, outputs))

    def metrics(self) -> dict[str, float]:
        """Means over the classes that occur, and the calibration error, in [0,1].

        Raises DataError where no pixel was counted.
        """
        total = self._total()
        if not total.any():
            raise DataError("no pixel of the test masks counts: all are ignored; add images")
        return {
            "mean_iou": confusion.mean_iou(total),
            "f1": confusion.mean_over_classes(confusion.f1(total)),
            "precision": confusion.mean_over_classes(confusion.precision(total)),
            "recall": confusion.mean_over_classes(confusion.recall(total)),
            "pixel_accuracy": confusion.accuracy(total),
            "expected_calibration_error": calibration.expected_calibration_error(self.reliability),
        }

    def measures(self) -> NDArray[np.int64]:
        """The confusion of each image, [N,C,C]."""
        classes = len(self.classes)
        return np.array(self.confusions, np.int64).reshape(-1, classes, classes)

    def parity(self) -> dict[str, float]:
        """Share of pixels with the same class, largest difference of a probability."""
        return self.agreement.parity()

    def details(self) -> Details:
        """Everything beside metrics and parity."""
        total = self._total()
        return Details(
            classes=self.classes,
            per_class=per_class(total, self.classes),
            confusion=total.tolist(),
            reliability=bins(self.reliability),
            examples=[example for _, example in self.examples()],
            intervals=self._intervals(),
        )

    def examples(self) -> list[tuple[int, Example]]:
        """Choose the best, the median and the worst images by their own mean IoU, with their places.

        Each image is shown once; of few images there are few examples. One of which no pixel counts has no
        score.
        """
        ids = self.ids
        scores = [confusion.mean_iou(counts) for counts in self.confusions]
        judged = [place for place in range(len(ids)) if not np.isnan(scores[place])]
        order = sorted(judged, key=lambda place: (-scores[place], ids[place]))
        middle = max(0, len(order) // 2 - EXAMPLES // 2)
        chosen: dict[int, Rank] = dict.fromkeys(order[middle : middle + EXAMPLES], "median")
        chosen |= dict.fromkeys(order[:EXAMPLES], "best")
        chosen |= dict.fromkeys(order[EXAMPLES:][-EXAMPLES:], "worst")
        places = sorted(chosen, key=order.index)
        return [(at, Example(id=ids[at], rank=chosen[at], mean_iou=scores[at])) for at in places]

    def panels(self, inputs: NDArray[np.uint8], targets: NDArray[np.uint8]) -> dict[str, object]:
        """Show charts and examples; inputs: uint8 [N,S,S,3] RGB, targets: class indices uint8 [N,S,S]."""
        predictions = np.concatenate(self.predictions)
        return context(
            self.details(),
            [
                Panel(example, inputs[place], targets[place], predictions[place])
                for place, example in self.examples()
            ],
            ignored=1 - float(np.mean(counted(targets, len(self.classes)))),
        )

    def _intervals(self) -> dict[str, Bounds]:
        """Return those of the mean IoU and of each class's, of the same draws of whole images."""
        shape = (len(self.confusions), 2 * len(self.classes))
        each = np.array([confusion.overlaps(counts) for counts in self.confusions], np.int64).reshape(shape)
        names = [_iou_of(name) for name in self.classes]

        def scores(times: NDArray[np.int64]) -> dict[str, float]:
            found = confusion.jaccard((times @ each).reshape(2, -1))
            return {SCORE: confusion.mean_over_classes(found), **dict(zip(names, found, strict=True))}

        return intervals(len(each), scores)

    def _total(self) -> confusion.Counts:
        total: confusion.Counts = np.sum(self.confusions, axis=0)
        return total


def accumulator(
    classes: Sequence[str],
    ids: Sequence[str],
    confidence_threshold: float = 0.0,  # noqa: ARG001 - of a mask, no answer is unsure as a whole
) -> Accumulator:
    """Return an accumulator that has seen no image; `ids` names those to come."""
    return Accumulator(classes, ids)


def score(total: confusion.Counts) -> float:
    """The mean IoU of a sum of confusions."""
    return confusion.mean_iou(total)


def values(measurement: Measurement) -> dict[str, float | None]:
    """Return `images`, lower bounds, the metrics of each class and of the worst; None where there is none."""
    details = Details.model_validate(measurement.details)
    by_class = lower_bounds(details.intervals, map(_iou_of, details.classes))
    lowest = min((bound for bound in by_class.values() if bound is not None), default=None)
    lower = {**lower_bounds(details.intervals, [SCORE]), "per_class.iou.lower": lowest, **by_class}
    return {"images": float(measurement.items), **lower, **by_name(details.per_class)}


def difference(parity: Mapping[str, float]) -> str:
    """Say by how many pixels and how far an export differs, too much for a release; else empty."""
    return parities.difference(parity, "pixels")


def _iou_of(name: str) -> str:
    """What a gate calls the IoU of a class."""
    return f"per_class.{name}.iou"
