"""All heads with their figures on the validation split, the best first; which one is served, and why."""

from collections.abc import Sequence

from pylib.evaluation.leaderboard import Row
from pylib.heads.table import HEADS
from pylib.models.heads.fitted import HeadRecord

RULE = (
    "by macro F1 on the validation split; of those within one standard error of the best, by that of folds "
    "of the train split; of equals the simpler"
)
"""Of a few dozen images the best figure is mostly luck: the one-standard-error rule of Breiman et al.,
Classification and Regression Trees (1984), 3.4.3, with the folds' figure in the place of the size."""


def ranked(rows: Sequence[Row]) -> list[Row]:
    """The one to serve first, by RULE; the others by macro F1 on validation."""
    if not rows:
        return []
    by_validation = sorted(rows, key=lambda row: (-row.macro_f1, -(row.cross_validated or 0.0), *_order(row)))
    best = by_validation[0]
    close = [row for row in by_validation if row.macro_f1 >= best.macro_f1 - best.standard_error]
    chosen = min(close, key=lambda row: (-(row.cross_validated or 0.0), -row.macro_f1, *_order(row)))
    return [chosen, *(row for row in by_validation if row is not chosen)]


def _order(row: Row) -> tuple[int, str]:
    return list(HEADS).index(row.head.partition("+")[0]), row.head


def row(record: HeadRecord) -> Row:
    """What a head's own record says."""
    return Row(
        head=record.name,
        parameters=dict(record.spec.parameters),
        numbers=record.spec.numbers,
        macro_f1=record.macro_f1,
        accuracy=record.accuracy,
        standard_error=record.standard_error,
        cross_validated=max(
            (each.macro_f1 for each in record.grid if each.macro_f1 is not None), default=None
        ),
        notes=record.notes,
    )
