"""calibration.json of a model's folder: which calibration is in the model, and what it was compared with."""

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from pylib.errors import ModelError
from pylib.models.calibration import Calibration
from pylib.records import Record, first_error

FILE = "calibration.json"
Method = Literal["temperature", "vector", "isotonic"]


class Tried(Record):
    """One method, on images that it was not fitted on; means over images.

    held_out: negative log-likelihood; gain: how far it lies below temperature's, with its standard error
    better: whether that is more than the standard error
    """

    method: Method
    held_out: float
    gain: float
    standard_error: float
    better: bool


class CalibrationRecord(Record):
    """The content of calibration.json; images: of the calibration split; note: a sentence, or empty."""

    format: Literal[1] = 1
    calibration: Calibration
    images: int
    tried: tuple[Tried, ...] = ()
    note: str = ""


def read_calibration(folder: Path) -> CalibrationRecord | None:
    """That of a model folder; None where its task has none. ModelError where it is damaged."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return CalibrationRecord.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ModelError(f"{path}: {first_error(error)}; train the model again") from error
