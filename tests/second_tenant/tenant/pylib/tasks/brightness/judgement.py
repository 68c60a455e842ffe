"""The judgement on the test split: the share of the variance that is explained, the largest error."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.evaluation.pictures import Shown
from pylib.evaluation.record import Measurement
from pylib.records import Record
from pylib.tasks.brightness.r2 import r2

SCORE = "r2"
METRICS = ("items", "r2", "largest_error", "parity.max_difference")
_MOST = 1e-4


class Details(Record):
    """The image with the largest error."""

    worst: str


class Accumulator:
    """Targets float32 [n], and the outputs of the exported and of the trained model, float32 [n,1]."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = ids
        self.batches: list[NDArray[np.float64]] = []

    def add(self, targets: Any, outputs: Any, trained: Any, uncalibrated: Any = None) -> None:  # noqa: ARG002
        """Take a batch."""
        self.batches.append(np.stack([targets, outputs[:, 0], trained[:, 0]]).astype(np.float64))

    def metrics(self) -> dict[str, float]:
        """r2 and the largest error."""
        truth, found, _ = self._all()
        total = np.array([len(truth), truth.sum(), (truth**2).sum(), ((found - truth) ** 2).sum()])
        return {"r2": r2(total), "largest_error": float(np.abs(found - truth).max())}

    def measures(self) -> NDArray[np.float64]:
        """Of each image, what r2 follows from."""
        truth, found, _ = self._all()
        return np.stack([np.ones_like(truth), truth, truth**2, (found - truth) ** 2], axis=1)

    def parity(self) -> dict[str, float]:
        """The largest difference between the exported model and the trained one."""
        _, found, trained = self._all()
        return {"max_difference": float(np.abs(found - trained).max())}

    def details(self) -> Details:
        """Name the worst."""
        truth, found, _ = self._all()
        return Details(worst=self.ids[int(np.abs(found - truth).argmax())])

    def shown(self, place: int) -> Shown:
        """The number."""
        return Shown(picture=None, words=f"{self._all()[1][place]:.3f}")

    def panels(self, inputs: Any, targets: Any) -> dict[str, object]:  # noqa: ARG002
        """Nothing beside the metrics."""
        return {}

    def _all(self) -> NDArray[np.float64]:
        return np.concatenate(self.batches, axis=1)


def accumulator(
    classes: Sequence[str],
    ids: Sequence[str],
    confidence_threshold: float = 0.0,
    groups: Any = None,
) -> Accumulator:
    """One that has seen nothing."""
    return Accumulator(ids)


def score(total: NDArray[np.float64]) -> Any:
    """The r2 of sums of measures [...,4]."""
    return r2(total)


def shown(target: Any, classes: Sequence[str]) -> Shown:
    """The number."""
    return Shown(picture=None, words=f"{float(target):.3f}")


def attributes(targets: Any, classes: Sequence[str]) -> dict[str, Any]:
    """Whether dark images are judged as well as bright ones."""
    return {"label": targets}


def values(measurement: Measurement) -> dict[str, float | None]:
    """How many there were."""
    return {"items": float(measurement.items)}


def difference(parity: Mapping[str, float]) -> str:
    """Say by how much the export is off, where that is too much."""
    off = parity["max_difference"]
    return f"values differ by up to {off:.2g} (maximum {_MOST:g})" if off > _MOST else ""
