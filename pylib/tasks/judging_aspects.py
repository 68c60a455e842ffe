"""What a task says of a trained model: its metrics and report, and what it answers when it is served."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pylib.evaluation.bootstrap import Groups
from pylib.evaluation.pictures import Shown
from pylib.evaluation.record import Measurement
from pylib.records import Record


class Accumulator(Protocol):
    """What is kept of the batches of a test split."""

    def add(self, targets: Any, outputs: Any, trained: Any, uncalibrated: Any = None, /) -> None:
        """Take a batch: its targets, the exported model's outputs, and the trained one's.

        uncalibrated: those of the trained one without its calibration; None where it has none
        """
        ...

    def metrics(self) -> dict[str, float]:
        """The metrics by name."""
        ...

    def measures(self) -> NDArray[Any]:
        """What the score follows from, of each item, [N,…]; that of items is summed."""
        ...

    def parity(self) -> dict[str, float]:
        """How well the exported model agrees with the trained one, by name."""
        ...

    def details(self) -> Record:
        """The task's own part of evaluation.json, a Details."""
        ...

    def shown(self, place: int, /) -> Shown:
        """What the exported model said of one item, by its place among `ids`, as a report shows it."""
        ...

    def panels(self, inputs: Any, targets: Any, /) -> dict[str, object]:
        """What the task's report.html.j2 is given beside `evaluation`; of all inputs and targets [N,…]."""
        ...


class Judgement(Protocol):
    """The metrics of the test split, what a gate may ask of them, what a report shows; no TensorFlow.

    The report is the task's own report.html.j2 in its `templates`, which extends base.html.j2 of
    pylib.evaluation, where it has one, else that.
    """

    @property
    def SCORE(self) -> str:  # noqa: N802
        """The metric that a model is known by."""
        ...

    @property
    def METRICS(self) -> Sequence[str]:  # noqa: N802
        """What a gate may ask for, by name; `*` stands for the name of a class."""
        ...

    @property
    def Details(self) -> type[Record]:  # noqa: N802
        """The task's own part of evaluation.json."""
        ...

    def accumulator(
        self,
        classes: Sequence[str],
        ids: Sequence[str],
        confidence_threshold: float = 0.0,
        groups: Groups = None,
        /,
    ) -> Accumulator:
        """An accumulator that has seen nothing; `ids` names the items in the order in which they come.

        groups: the number of each item's group, as `bootstrap.Groups`: chance draws groups
        confidence_threshold: below which the model says of itself that it is unsure; 0 where it never is
        """
        ...

    def score(self, total: NDArray[Any], /) -> Any:
        """The SCORE of sums of measures [R,…], [R], or of one; NaN is none.

        Higher is better: an error has its sign turned.
        """
        ...

    def shown(self, target: Any, classes: Sequence[str], /) -> Shown:
        """One target, as a report shows it."""
        ...

    def attributes(self, targets: Any, classes: Sequence[str], /) -> Mapping[str, NDArray[Any]]:
        """What an item's score may depend on, by its name: numbers [N] of all targets [N,…]."""
        ...

    def values(self, measurement: Measurement, /) -> dict[str, float | None]:
        """What a gate may ask for beside metrics and `parity.*`; None where it is not defined."""
        ...

    def difference(self, parity: Mapping[str, float], /) -> str:
        """Say in words how the export differs from the trained model, too much for a release; else empty."""
        ...


class Answer(Protocol):
    """What the served model says of one image; the server has neither TensorFlow nor pydantic.

    `answer` makes a JSON object, which the other functions of the server take; `read` makes of it what the
    task's other functions of the client take.
    """

    @property
    def OUTPUTS(self) -> Sequence[str]:  # noqa: N802
        """The model's outputs that `answer` needs, by name."""
        ...

    def answer(
        self,
        outputs: Mapping[str, NDArray[Any]],
        image: NDArray[np.uint8],
        classes: Sequence[str],
        confidence_threshold: float,
        /,
    ) -> dict[str, Any]:
        """An answer as it is sent, of the model's outputs by name for this image alone (no batch dimension).

        image: as it was sent, uint8 [H,W,3] RGB in 0..255
        confidence_threshold: below which the model says of itself that it is unsure; 0 where it never is
        """
        ...

    def numbers(self, answer: Mapping[str, Any], /) -> tuple[list[str], list[float]] | None:
        """Names and a number for each, an answer as one row, for who asked in numbers; None if none such."""
        ...

    def summary(self, answer: Mapping[str, Any], /) -> dict[str, Any]:
        """What the log of predictions keeps of an answer."""
        ...

    def counters(self, answer: Mapping[str, Any], /) -> list[tuple[str, dict[str, str], float]]:
        """Name, labels and increment of Prometheus counters; the server counts predictions and their time."""
        ...

    def truth(self, given: object, classes: Sequence[str], /) -> Any:
        """What the log keeps, JSON, of what a client says would have been right.

        given: a text, the bytes of a file, or JSON
        Raises DataError, one line, where no model of these classes could have answered it.
        """
        ...

    def read(self, answer: Mapping[str, Any], /) -> Any:
        """An answer as a client uses it; raises KeyError, TypeError, ValueError, DataError if it is none."""
        ...

    def figures(self, answer: Any, /) -> dict[str, Any]:
        """The numbers of what was read, to be written as JSON."""
        ...

    def lines(self, answer: Any, /) -> list[tuple[str, str]]:
        """What was read in words for a person: names and values."""
        ...

    def classes(self, answer: Any, /) -> list[str]:
        """The classes that the model told apart, by index; none where it tells no classes."""
        ...

    def mask(self, answer: Any, /) -> NDArray[np.uint8] | None:
        """The class index of each pixel, uint8 [H,W]; None where the answer is of the image as a whole."""
        ...

    def picture(self, image: NDArray[np.uint8], answer: Any, /) -> NDArray[np.uint8]:
        """What was read, shown on its image, uint8 [H,W,3]: uint8 [H',W',3] of any size."""
        ...
