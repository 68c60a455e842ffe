"""A regression on the test split: its errors, what a mean would have scored, and what the gate says."""

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import ValidationError

from pylib.errors import PipelineError
from pylib.evaluation.gate import Gate, hold
from pylib.evaluation.record import Digest, GateResult
from pylib.records import Record, first_error
from pylib.tabular.table import Floats

FILE = "regression.json"
METRICS = ("rows", "rmse", "r2", "mae", "parity.max_difference")
"""What a gate can ask for; `parity.max_difference` is in standard deviations of the target."""
SCORE = "r2"
"""What a regression is known by."""


class TableEvaluation(Record):
    """The content of regression.json: what was measured of one exported model on one test split.

    rows: of the test split; metrics: rmse and mae in the target's unit, r2 1 for a perfect answer and 0 for
    the mean; validation: the same of the validation split
    """

    format: Literal[1] = 1
    model_digest: Digest
    table: str
    target: str
    rows: int
    metrics: dict[str, float]
    validation: dict[str, float]
    parity: dict[str, float]
    gate: GateResult

    @classmethod
    def read(cls, folder: Path) -> "TableEvaluation":
        """Read folder/regression.json; PipelineError where it is missing or wrong."""
        path = folder / FILE
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            reason = first_error(error) if isinstance(error, ValidationError) else error.strerror
            raise PipelineError(f"{path}: {reason}; run the pipeline again") from error

    def values(self) -> dict[str, float | None]:
        """All that a gate can ask for, by its name there."""
        return _values(self.rows, self.metrics, self.parity)

    def require(self, digest: str, place: Path) -> None:
        """Raise PipelineError where this is of another model than the one of that digest."""
        if self.model_digest != digest:
            whose = f"model {self.model_digest[:12]}, not of {digest[:12]}"
            raise PipelineError(f"{place / FILE} is of {whose}; run the pipeline again")


def measure(truth: Floats, predicted: Floats) -> dict[str, float]:
    """Root mean square error, R² and mean absolute error of float64 [rows]; the truth has a variance."""
    errors = truth - predicted
    return {
        "rmse": float(np.sqrt(np.mean(errors**2))),
        "r2": float(1 - np.sum(errors**2) / np.sum((truth - truth.mean()) ** 2)),
        "mae": float(np.mean(np.abs(errors))),
    }


def difference(one: Floats, other: Floats, spread: float) -> dict[str, float]:
    """How far two answers are apart at most, in units of `spread`."""
    return {"max_difference": float(np.max(np.abs(one - other)) / spread)}


def decide(gate: Gate, rows: int, metrics: dict[str, float], parity: dict[str, float]) -> GateResult:
    """Hold what was measured against the gate."""
    return hold(gate, _values(rows, metrics, parity))


def _values(rows: int, metrics: dict[str, float], parity: dict[str, float]) -> dict[str, float | None]:
    return {"rows": rows, **metrics, **{f"parity.{name}": value for name, value in parity.items()}}
