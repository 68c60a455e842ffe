"""What was compared before one was served: leaderboard.json of a model's folder."""

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from pylib.errors import ModelError
from pylib.records import Record, first_error

FILE = "leaderboard.json"
Value = float | int | str


class Row(Record):
    """One head. parameters: hyper-parameters; numbers: how many it keeps; figures in [0,1].

    macro_f1, accuracy: on validation; standard_error: of that macro F1, by so many images
    cross_validated: macro F1 over the folds of the train split
    """

    head: str
    parameters: dict[str, Value]
    numbers: int
    macro_f1: float
    accuracy: float
    standard_error: float = 0.0
    cross_validated: float | None = None
    notes: tuple[str, ...] = ()


class Leaderboard(Record):
    """The content of leaderboard.json.

    chosen: the head that is served; rule: how it was chosen
    temperature, confidence_threshold: as in the model; target_precision: what the threshold was set for
    precision, answered: above the threshold, on the validation split; None where nothing is
    notes: what a person should know, in sentences
    """

    format: Literal[1] = 1
    chosen: str
    rule: str
    rows: tuple[Row, ...]
    temperature: float
    confidence_threshold: float
    target_precision: float
    precision: float | None
    answered: float
    notes: tuple[str, ...] = ()


def read_leaderboard(folder: Path) -> Leaderboard | None:
    """That of a model folder; None where its task has none. ModelError where it is damaged."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return Leaderboard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ModelError(f"{path}: {first_error(error)}; train the model again") from error
