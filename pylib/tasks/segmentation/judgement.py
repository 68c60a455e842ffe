"""The judgement of a segmentation on the test split: metrics of its classes, calibration, examples."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.errors import DataError
from pylib.evaluation import calibration, confusion
from pylib.evaluation import parity as parities
from pylib.evaluation.bootstrap import Groups, total
from pylib.evaluation.class_metrics import ClassMetrics, bins, by_name, per_class
from pylib.evaluation.deserved import CALIBRATION_METRICS, ERROR, before, calibration_values
from pylib.evaluation.intervals import Bounds, intervals, lower_bounds
from pylib.evaluation.parity import Agreement, agreement
from pylib.evaluation.pictures import Shown, mask_picture
from pylib.evaluation.record import Measurement
from pylib.tasks.segmentation.details import Details, Example, Rank, Suspect
from pylib.tasks.segmentation.ignored import counted
from pylib.tasks.segmentation.label_noise import label_quality, low_outliers
from pylib.tasks.segmentation.panels import Panel, SuspectPanel, context

__all__ = [
    "METRICS",
    "SCORE",
    "Details",
    "accumulator",
    "attributes",
    "difference",
    "score",
    "shown",
    "values",
]

SCORE = "mean_iou"
_HEADLINES = ("mean_iou", "f1", "precision", "recall", "pixel_accuracy")
METRICS = (
    "images",
    *_HEADLINES,
    "expected_calibration_error",
    "parity.same_class_share",
    "parity.max_probability_difference",
    *(f"per_class.{name}" for name in ClassMetrics.model_fields),
    *(f"per_class.*.{name}" for name in ClassMetrics.model_fields),
    *(f"{name}.lower" for name in _HEADLINES),
    "per_class.iou.lower",
    "per_class.*.iou.lower",
    *CALIBRATION_METRICS,
)
"""`per_class.iou` is that of the worst class, `per_class.NAME.iou` that of one. `mean_iou.lower` is the lower
bound of its 95 % interval, `per_class.iou.lower` the lowest bound of a class."""
EXAMPLES = 3
SHOWN_SUSPECTS = 6


class Accumulator:
    """Counts over N test images, and their class maps; no probabilities are kept.

    ids: names of the images, in the order in which they are added; groups: as `bootstrap.Groups`
    confusions: int64 [C,C], one an image; predictions: class indices uint8 [n,S,S], one array a batch
    bins: confidence of each image's pixels, see `calibration.Reliability`; before: without the calibration
    quality: how well each label agrees with what is said, see `label_noise`
    Pixels whose truth is IGNORED are in none of the counts but parity's, which asks for no truth.
    """

    def __init__(self, classes: Sequence[str], ids: Sequence[str], groups: Groups = None) -> None:
        self.classes, self.ids, self.groups = list(classes), ids, groups
        self.confusions: list[confusion.Counts] = []
        self.predictions: list[NDArray[np.uint8]] = []
        self.bins: list[calibration.Reliability] = []
        self.before = calibration.Reliability.empty()
        self.quality: list[float] = []
        self.agreement = Agreement()

    def add(
        self,
        targets: NDArray[np.uint8],
        outputs: NDArray[np.floating],
        trained: NDArray[np.floating],
        uncalibrated: NDArray[np.floating] | None = None,
    ) -> None:
        """Take a batch: class indices [n,S,S], probabilities [n,S,S,C] of the export and of the trained.

        uncalibrated: those of the trained without its calibration; None where it has none
        """
        predicted = outputs.argmax(axis=-1).astype(np.uint8)
        self.predictions.append(predicted)
        counts = counted(targets, len(self.classes))
        self.confusions += [
            confusion.confusion_matrix(truth[kept], decided[kept], classes=len(self.classes))
            for truth, decided, kept in zip(targets, predicted, counts, strict=True)
        ]
        for said, truth, kept in zip(outputs, targets, counts, strict=True):
            self.bins.append(calibration.reliability(said[kept], truth[kept]))
            self.quality.append(label_quality(said[kept], truth[kept]))
        if uncalibrated is not None:
            self.before = self.before.merge(calibration.reliability(uncalibrated[counts], targets[counts]))
        self.agreement = self.agreement.merge(agreement(trained, outputs))

    def metrics(self) -> dict[str, float]:
        """Means over the classes that occur, and the calibration error, in [0,1].

        Raises DataError where no pixel was counted.
        """
        counts = self._total()
        if not counts.any():
            raise DataError("no pixel of the test masks counts: all are ignored; add images")
        found = {name: float(score) for name, score in _headlines(counts).items()}
        return {**found, ERROR: calibration.expected_calibration_error(self._reliability())}

    def measures(self) -> NDArray[np.int64]:
        """The confusion of each image, [N,C,C]."""
        classes = len(self.classes)
        return np.array(self.confusions, np.int64).reshape(-1, classes, classes)

    def parity(self) -> dict[str, float]:
        """Share of pixels with the same class, largest difference of a probability."""
        return self.agreement.parity()

    def details(self) -> Details:
        """Everything beside metrics and parity."""
        counts = self._total()
        return Details(
            classes=self.classes,
            per_class=per_class(counts, self.classes),
            confusion=counts.tolist(),
            reliability=bins(self._reliability()),
            examples=[example for _, example in self.examples()],
            intervals=self._intervals(),
            before=before(self.before),
            suspects=[suspect for _, suspect in self.suspects()],
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

    def shown(self, place: int) -> Shown:
        """The class map that was said of an image, and its own mean IoU."""
        decided = np.concatenate(self.predictions)[place]
        return Shown(
            picture=mask_picture(decided), words=f"mean IoU {confusion.mean_iou(self.confusions[place]):.3f}"
        )

    def suspects(self) -> list[tuple[int, Suspect]]:
        """Name the images whose label may be wrong, the likeliest first, with their places."""
        places = low_outliers(self.quality)
        return [(at, Suspect(id=self.ids[at], quality=self.quality[at])) for at in places]

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
            suspects=[
                SuspectPanel(suspect, inputs[place], targets[place], predictions[place])
                for place, suspect in self.suspects()[:SHOWN_SUSPECTS]
            ],
        )

    def _intervals(self) -> dict[str, Bounds]:
        """Return those of all metrics and of each class's IoU, of the same draws of whole images."""
        measures, sums = self.measures(), np.array([np.stack(each) for each in self.bins])
        names = [_iou_of(name) for name in self.classes]

        def scores(times: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
            drawn = total(times, measures)
            by_class = dict(zip(names, confusion.intersection_over_union(drawn).T, strict=True))
            return {
                **_headlines(drawn),
                ERROR: calibration.calibration_errors(total(times, sums)),
                **by_class,
            }

        return intervals(len(measures), scores, self.groups)

    def _reliability(self) -> calibration.Reliability:
        return functools.reduce(calibration.Reliability.merge, self.bins, calibration.Reliability.empty())

    def _total(self) -> confusion.Counts:
        counts: confusion.Counts = np.sum(self.confusions, axis=0)
        return counts


def accumulator(
    classes: Sequence[str],
    ids: Sequence[str],
    confidence_threshold: float = 0.0,  # noqa: ARG001 - of a mask, no answer is unsure as a whole
    groups: Groups = None,
) -> Accumulator:
    """Return an accumulator that has seen no image; `ids` names those to come."""
    return Accumulator(classes, ids, groups)


def score(total: confusion.Counts) -> Any:
    """The mean IoU of sums of confusions [...,C,C]: [...]."""
    return confusion.mean_iou(total)


def shown(target: NDArray[np.uint8], classes: Sequence[str]) -> Shown:
    """A mask in the colours of its classes; what is ignored is hatched."""
    return Shown(picture=mask_picture(target, counted(target, len(classes))), words="")


def attributes(targets: NDArray[np.uint8], classes: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """What an image's score may depend on: the share of its pixels that are not the commonest class, [N]."""
    counts = counted(targets, len(classes))
    if not counts.any():
        return {}
    background = np.bincount(targets[counts].ravel(), minlength=len(classes)).argmax()
    axes = tuple(range(1, targets.ndim))
    objects = ((targets != background) & counts).sum(axis=axes)
    return {"object size": objects / np.maximum(counts.sum(axis=axes), 1)}


def _headlines(counts: NDArray[Any]) -> dict[str, Any]:
    """The metrics of confusions [...,C,C], each [...]."""
    mean = confusion.mean_over_classes
    return {
        "mean_iou": confusion.mean_iou(counts),
        "f1": mean(confusion.f1(counts)),
        "precision": mean(confusion.precision(counts)),
        "recall": mean(confusion.recall(counts)),
        "pixel_accuracy": confusion.accuracy(counts),
    }


def values(measurement: Measurement) -> dict[str, float | None]:
    """Return `images`, lower bounds, the metrics of each class and of the worst; None where there is none."""
    details = Details.model_validate(measurement.details)
    by_class = lower_bounds(details.intervals, map(_iou_of, details.classes))
    lowest = min((bound for bound in by_class.values() if bound is not None), default=None)
    lower = {**lower_bounds(details.intervals, _HEADLINES), "per_class.iou.lower": lowest, **by_class}
    deserved = calibration_values(measurement.metrics[ERROR], details.intervals, details.before)
    return {"images": float(measurement.items), **lower, **deserved, **by_name(details.per_class)}


def difference(parity: Mapping[str, float]) -> str:
    """Say by how many pixels and how far an export differs, too much for a release; else empty."""
    return parities.difference(parity, "pixels")


def _iou_of(name: str) -> str:
    """What a gate calls the IoU of a class."""
    return f"per_class.{name}.iou"
