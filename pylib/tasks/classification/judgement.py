"""The judgement of a classification on the test split: metrics of its classes, calibration, mistakes."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pylib.errors import DataError
from pylib.evaluation import calibration, confusion
from pylib.evaluation import parity as parities
from pylib.evaluation.class_metrics import bins, by_name, per_class
from pylib.evaluation.intervals import Bounds, intervals, lower_bounds
from pylib.evaluation.parity import Agreement, agreement
from pylib.evaluation.record import Measurement
from pylib.tasks.classification import curves
from pylib.tasks.classification.details import Details
from pylib.tasks.classification.examples import Answers, chosen
from pylib.tasks.classification.label_noise import suspects
from pylib.tasks.classification.panels import context

__all__ = ["METRICS", "SCORE", "Details", "accumulator", "difference", "score", "values"]

SCORE = "macro_f1"
_OF_A_CLASS = ("f1", "precision", "recall")
_WITH_INTERVAL = ("accuracy", "macro_f1")
_NOT_ALWAYS = ("answered", "precision_answered", "roc_auc", "average_precision")
METRICS = (
    "images",
    "accuracy",
    "macro_f1",
    "weighted_f1",
    "precision",
    "recall",
    "top_3_accuracy",
    "expected_calibration_error",
    *(f"{name}.lower" for name in _WITH_INTERVAL),
    *_NOT_ALWAYS,
    "parity.same_class_share",
    "parity.max_probability_difference",
    *(f"per_class.{name}" for name in _OF_A_CLASS),
    *(f"per_class.*.{name}" for name in _OF_A_CLASS),
)
"""`per_class.f1` is that of the worst class, `per_class.NAME.f1` that of one; of five classes and more there
is a `top_3_accuracy`. `macro_f1.lower` is the lower bound of its 95 % interval. Of all answers `answered` is
the share that the model does not call unsure; of those `precision_answered` is what is right. `roc_auc` and
`average_precision` are of two classes, for the second."""
_TOP, _MANY = 3, 5
SHOWN_SUSPECTS = 12


class Accumulator:
    """The answers to N test images, batch by batch.

    ids: names of the images, in the order in which they are added
    truths: class indices int64 [n]; outputs: probabilities float32 [n,C] of the export
    """

    def __init__(self, classes: Sequence[str], ids: Sequence[str], confidence_threshold: float = 0.0) -> None:
        self.classes, self.ids = list(classes), list(ids)
        self.confidence_threshold = confidence_threshold
        self.truths: list[NDArray[np.int64]] = []
        self.outputs: list[NDArray[np.floating]] = []
        self.agreement = Agreement()

    def add(
        self, targets: NDArray[np.int64], outputs: NDArray[np.floating], trained: NDArray[np.floating]
    ) -> None:
        """Take a batch: class indices [n], probabilities [n,C] of the export and of the trained."""
        self.truths.append(np.asarray(targets))
        self.outputs.append(outputs)
        self.agreement = self.agreement.merge(agreement(trained, outputs))

    def metrics(self) -> dict[str, float]:
        """Shares of the images, means over the classes that occur, and the calibration error, in [0,1].

        Raises DataError where there was no image.
        """
        answers, total = self.answers(), self._confusion()
        if not total.any():
            raise DataError("no image of the test split was judged: add images")
        f1 = confusion.f1(total)
        there = total.sum(axis=1)
        top = {"top_3_accuracy": answers.top(_TOP)} if len(self.classes) >= _MANY else {}
        return {
            "accuracy": confusion.accuracy(total),
            "macro_f1": confusion.mean_over_classes(f1),
            "weighted_f1": float(np.average(np.nan_to_num(f1), weights=there)),
            "precision": confusion.mean_over_classes(confusion.precision(total)),
            "recall": confusion.mean_over_classes(confusion.recall(total)),
            **top,
            "expected_calibration_error": calibration.expected_calibration_error(self._reliability()),
            **curves.answered(answers, self.confidence_threshold),
            **curves.areas(answers),
        }

    def measures(self) -> NDArray[np.int64]:
        """The confusion of each image, [N,C,C]: a single one."""
        answers, classes = self.answers(), len(self.classes)
        counts = np.zeros((len(answers.truths), classes, classes), np.int64)
        counts[np.arange(len(counts)), answers.truths, answers.decided] = 1
        return counts

    def parity(self) -> dict[str, float]:
        """Share of images with the same class, largest difference of a probability."""
        return self.agreement.parity()

    def details(self) -> Details:
        """Everything beside metrics and parity."""
        answers, total = self.answers(), self._confusion()
        return Details(
            classes=self.classes,
            per_class=per_class(total, self.classes),
            confusion=total.tolist(),
            reliability=bins(self._reliability()),
            examples=[example for _, example in chosen(answers, self.classes, self.ids)],
            intervals=self._intervals(),
            confidence_threshold=self.confidence_threshold,
            coverage=curves.coverage(answers),
            binary=curves.binary(answers, self.classes),
            suspects=[example for _, example in suspects(answers, self.classes, self.ids)],
        )

    def panels(self, inputs: NDArray[np.uint8], targets: NDArray[np.int64]) -> dict[str, object]:  # noqa: ARG002
        """Show charts and mistakes; inputs: uint8 [N,S,S,3] RGB."""
        answers = self.answers()
        doubted = suspects(answers, self.classes, self.ids)[:SHOWN_SUSPECTS]
        examples = [*doubted, *chosen(answers, self.classes, self.ids)]
        answered = curves.answered(answers, self.confidence_threshold)
        return context(self.details(), [(example, inputs[place]) for place, example in examples], answered)

    def answers(self) -> Answers:
        """All truths and probabilities so far, in order."""
        empty = np.zeros((0, len(self.classes)), np.float32)
        return Answers(
            np.concatenate([np.zeros(0, np.int64), *self.truths]), np.concatenate([empty, *self.outputs])
        )

    def _intervals(self) -> dict[str, Bounds]:
        """Return those of accuracy and macro F1, of the same draws."""
        answers, size = self.answers(), len(self.classes)
        cells = answers.truths * size + answers.decided

        def scores(times: NDArray[np.int64]) -> dict[str, float]:
            counts = np.bincount(cells, times, minlength=size * size).reshape(size, size).astype(np.int64)
            return {"accuracy": confusion.accuracy(counts), "macro_f1": score(counts)}

        return intervals(len(cells), scores)

    def _confusion(self) -> confusion.Counts:
        answers = self.answers()
        return confusion.confusion_matrix(answers.truths, answers.decided, classes=len(self.classes))

    def _reliability(self) -> calibration.Reliability:
        answers = self.answers()
        return calibration.reliability(answers.probabilities, answers.truths)


def accumulator(classes: Sequence[str], ids: Sequence[str], confidence_threshold: float = 0.0) -> Accumulator:
    """Return an accumulator that has seen no image; `ids` names those to come."""
    return Accumulator(classes, ids, confidence_threshold)


def score(total: confusion.Counts) -> float:
    """The macro F1 of a sum of confusions."""
    return confusion.mean_over_classes(confusion.f1(total))


def values(measurement: Measurement) -> dict[str, float | None]:
    """Return `images`, lower bounds, the metrics of each class and of the worst; None where there is none."""
    details = Details.model_validate(measurement.details)
    lower = lower_bounds(details.intervals, _WITH_INTERVAL)
    optional = {name: measurement.metrics.get(name) for name in _NOT_ALWAYS}
    return {"images": float(measurement.items), **lower, **optional, **by_name(details.per_class)}


def difference(parity: Mapping[str, float]) -> str:
    """Say on how many images and how far an export differs, too much for a release; else empty."""
    return parities.difference(parity, "images")
