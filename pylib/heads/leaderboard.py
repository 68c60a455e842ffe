"""All heads with their figures on the validation split, the best first; which one is served, and why."""

from collections.abc import Sequence

from pylib.evaluation.leaderboard import Row
from pylib.heads.table import HEADS
from pylib.models.heads.fitted import HeadRecord

RULE = "by macro F1 on the validation split; of equals by that of folds of the train split, then the simpler"


def ranked(rows: Sequence[Row]) -> list[Row]:
    """The best first: macro F1 on validation, then on folds of train, then the table's order."""
    order = list(HEADS)
    return sorted(
        rows,
        key=lambda row: (
            -row.macro_f1,
            -(row.cross_validated or 0.0),
            order.index(row.head.partition("+")[0]),
            row.head,
        ),
    )


def row(record: HeadRecord) -> Row:
    """What a head's own record says."""
    return Row(
        head=record.name,
        parameters=dict(record.spec.parameters),
        numbers=record.spec.numbers,
        macro_f1=record.macro_f1,
        accuracy=record.accuracy,
        cross_validated=max(
            (each.macro_f1 for each in record.grid if each.macro_f1 is not None), default=None
        ),
        notes=record.notes,
    )
