"""The judgement of a classification on the test split: metrics of its classes, calibration, mistakes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.errors import DataError
from pylib.evaluation import calibration, confusion
from pylib.evaluation import parity as parities
from pylib.evaluation.bootstrap import Groups, total
from pylib.evaluation.class_metrics import bins, by_name, per_class
from pylib.evaluation.deserved import CALIBRATION_METRICS, ERROR, before, calibration_values
from pylib.evaluation.intervals import Bounds, intervals, lower_bounds
from pylib.evaluation.parity import Agreement, agreement
from pylib.evaluation.pictures import Shown
from pylib.evaluation.record import Measurement
from pylib.tasks.classification import curves
from pylib.tasks.classification.details import Details
from pylib.tasks.classification.examples import Answers, chosen
from pylib.tasks.classification.label_noise import suspects
from pylib.tasks.classification.panels import context

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

SCORE = "macro_f1"
_OF_A_CLASS = ("f1", "precision", "recall")
_HEADLINES = ("accuracy", "macro_f1", "weighted_f1", "precision", "recall")
_NOT_ALWAYS = ("top_3_accuracy", "answered", "precision_answered", "roc_auc", "average_precision")
METRICS = (
    "images",
    *_HEADLINES,
    *_NOT_ALWAYS,
    "expected_calibration_error",
    *(f"{name}.lower" for name in (*_HEADLINES, *_NOT_ALWAYS)),
    *CALIBRATION_METRICS,
    "parity.same_class_share",
    "parity.max_probability_difference",
    *(f"per_class.{name}" for name in _OF_A_CLASS),
    *(f"per_class.*.{name}" for name in _OF_A_CLASS),
    "per_class.f1.lower",
    "per_class.*.f1.lower",
)
"""`per_class.f1` is that of the worst class, `per_class.NAME.f1` that of one; of five classes and more there
is a `top_3_accuracy`. `macro_f1.lower` is the lower bound of its 95 % interval, `per_class.f1.lower` the
lowest of a class. Of all answers `answered` is the share that the model does not call unsure; of those
`precision_answered` is what is right. `roc_auc` and `average_precision` are of two classes, for the
second."""
_TOP, _MANY = 3, 5
SHOWN_SUSPECTS = 12


class Accumulator:
    """The answers to N test images, batch by batch.

    ids: names of the images, in the order in which they are added; groups: as `bootstrap.Groups`
    truths: class indices int64 [n]; outputs: probabilities float32 [n,C] of the export
    """

    def __init__(
        self,
        classes: Sequence[str],
        ids: Sequence[str],
        confidence_threshold: float = 0.0,
        groups: Groups = None,
    ) -> None:
        self.classes, self.ids, self.groups = list(classes), list(ids), groups
        self.before = calibration.Reliability.empty()
        self.confidence_threshold = confidence_threshold
        self.truths: list[NDArray[np.int64]] = []
        self.outputs: list[NDArray[np.floating]] = []
        self.agreement = Agreement()

    def add(
        self,
        targets: NDArray[np.int64],
        outputs: NDArray[np.floating],
        trained: NDArray[np.floating],
        uncalibrated: NDArray[np.floating] | None = None,
    ) -> None:
        """Take a batch: class indices [n], probabilities [n,C] of the export and of the trained.

        uncalibrated: those of the trained without its calibration; None where it has none
        """
        self.truths.append(np.asarray(targets))
        self.outputs.append(outputs)
        self.agreement = self.agreement.merge(agreement(trained, outputs))
        if uncalibrated is not None:
            self.before = self.before.merge(calibration.reliability(uncalibrated, self.truths[-1]))

    def metrics(self) -> dict[str, float]:
        """Shares of the images, means over the classes that occur, and the calibration error, in [0,1].

        Raises DataError where there was no image.
        """
        answers = self.answers()
        if not len(answers.truths):
            raise DataError("no image of the test split was judged: add images")
        found = {name: float(value) for name, value in self._headlines(self._confusion()).items()}
        top = {"top_3_accuracy": float(answers.top(_TOP).mean())} if len(self.classes) >= _MANY else {}
        return {
            **found,
            **top,
            ERROR: calibration.expected_calibration_error(self._reliability()),
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
        answers, counts = self.answers(), self._confusion()
        return Details(
            classes=self.classes,
            per_class=per_class(counts, self.classes),
            confusion=counts.tolist(),
            reliability=bins(self._reliability()),
            examples=[example for _, example in chosen(answers, self.classes, self.ids)],
            intervals=self._intervals(),
            confidence_threshold=self.confidence_threshold,
            coverage=curves.coverage(answers),
            binary=curves.binary(answers, self.classes),
            suspects=[example for _, example in suspects(answers, self.classes, self.ids)],
            before=before(self.before),
        )

    def shown(self, place: int) -> Shown:
        """The class that was said of an image, and how surely."""
        answers = self.answers()
        said = self.classes[answers.decided[place]]
        return Shown(picture=None, words=f"{said} {answers.confidence[place]:.1%}")

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
        """Return those of all metrics and of each class's F1, of the same draws."""
        answers, size = self.answers(), len(self.classes)
        cells, which = np.unique(answers.truths * size + answers.decided, return_inverse=True)
        there = np.eye(len(cells))[which]  # of the cells of the confusion matrix that anything is in
        sums = calibration.each(answers.probabilities, answers.truths)

        def scores(times: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
            counts = np.zeros((len(times), size * size))
            counts[:, cells] = total(times, there)
            matrices = counts.reshape(-1, size, size)
            by_class = zip(self.classes, confusion.f1(matrices).T, strict=True)
            top = {"top_3_accuracy": times @ answers.top(_TOP) / times.sum(axis=1)}
            return {
                **self._headlines(matrices),
                **(top if size >= _MANY else {}),
                ERROR: calibration.calibration_errors(total(times, sums)),
                **curves.drawn(times, answers, self.confidence_threshold),
                **{f"per_class.{name}.f1": found for name, found in by_class},
            }

        return intervals(len(answers.truths), scores, self.groups)

    @staticmethod
    def _headlines(counts: NDArray[Any]) -> dict[str, Any]:
        """The metrics of confusions [...,C,C], each [...]."""
        mean, f1, there = confusion.mean_over_classes, confusion.f1(counts), counts.sum(axis=-1)
        return {
            "accuracy": confusion.accuracy(counts),
            "macro_f1": mean(f1),
            "weighted_f1": (np.nan_to_num(f1) * there).sum(axis=-1) / there.sum(axis=-1),
            "precision": mean(confusion.precision(counts)),
            "recall": mean(confusion.recall(counts)),
        }

    def _confusion(self) -> confusion.Counts:
        answers = self.answers()
        return confusion.confusion_matrix(answers.truths, answers.decided, classes=len(self.classes))

    def _reliability(self) -> calibration.Reliability:
        answers = self.answers()
        return calibration.reliability(answers.probabilities, answers.truths)


def accumulator(
    classes: Sequence[str], ids: Sequence[str], confidence_threshold: float = 0.0, groups: Groups = None
) -> Accumulator:
    """Return an accumulator that has seen no image; `ids` names those to come."""
    return Accumulator(classes, ids, confidence_threshold, groups)


def score(total: confusion.Counts) -> Any:
    """The macro F1 of sums of confusions [...,C,C]: [...]."""
    return confusion.macro_f1(total)


def shown(target: np.int64, classes: Sequence[str]) -> Shown:
    """The name of a label."""
    return Shown(picture=None, words=classes[int(target)])


def attributes(targets: NDArray[np.int64], classes: Sequence[str]) -> dict[str, NDArray[np.float64]]:  # noqa: ARG001
    """What an image's score may depend on: a label says nothing of it but the class, which has figures."""
    return {}


def values(measurement: Measurement) -> dict[str, float | None]:
    """Return `images`, lower bounds, the metrics of each class and of the worst; None where there is none."""
    details = Details.model_validate(measurement.details)
    by_class = lower_bounds(details.intervals, (f"per_class.{name}.f1" for name in details.classes))
    lowest = min((bound for bound in by_class.values() if bound is not None), default=None)
    return {
        "images": float(measurement.items),
        **lower_bounds(details.intervals, (*_HEADLINES, *_NOT_ALWAYS)),
        **calibration_values(measurement.metrics[ERROR], details.intervals, details.before),
        **{name: measurement.metrics.get(name) for name in _NOT_ALWAYS},
        **by_name(details.per_class),
        "per_class.f1.lower": lowest,
        **by_class,
    }


def difference(parity: Mapping[str, float]) -> str:
    """Say on how many images and how far an export differs, too much for a release; else empty."""
    return parities.difference(parity, "images")
