"""All heads with their figures on the validation split, the best first; which one is served, and why."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from pylib.errors import ModelError
from pylib.models.heads.fitted import HeadRecord
from pylib.models.heads.spec import Value
from pylib.heads.table import HEADS
from pylib.records import Record, first_error

FILE = "leaderboard.json"
RULE = "by macro F1 on the validation split, of equals the simpler"


class Row(Record):
    """One head. parameters: hyper-parameters; numbers: how many it keeps; figures in [0,1]."""

    head: str
    parameters: dict[str, Value]
    numbers: int
    macro_f1: float
    accuracy: float
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
    rule: str = RULE
    rows: tuple[Row, ...]
    temperature: float
    confidence_threshold: float
    target_precision: float
    precision: float | None
    answered: float
    notes: tuple[str, ...] = ()


def ranked(rows: Sequence[Row]) -> list[Row]:
    """The best first: macro F1 on validation, then the order of the table, where the simplest is first."""
    order = list(HEADS)
    return sorted(rows, key=lambda row: (-row.macro_f1, order.index(row.head.partition("+")[0]), row.head))


def row(record: HeadRecord) -> Row:
    """What a head's own record says."""
    return Row(
        head=record.name,
        parameters=dict(record.spec.parameters),
        numbers=record.spec.numbers,
        macro_f1=record.macro_f1,
        accuracy=record.accuracy,
        notes=record.notes,
    )


def read_leaderboard(folder: Path) -> Leaderboard | None:
    """That of a model folder; None where its task has none. ModelError where it is damaged."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return Leaderboard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ModelError(f"{path}: {first_error(error)}; train the model again") from error
