"""All heads with their figures on the validation split, the best first; which one is served, and why."""

import math
from collections.abc import Sequence

from pylib.evaluation.leaderboard import Row
from pylib.heads.table import HEADS
from pylib.models.heads.fitted import HeadRecord

RULE = (
    "by macro F1 on the validation split; of those within one standard error of the best, "
    "by cross-validation on the train split, then the simpler"
)


def ranked(rows: Sequence[Row], judged: int) -> list[Row]:
    """The best first; `judged` is how many validation images there are.

    Of few images the highest figure is mostly luck, so what is within a standard error of it counts as equal
    (Breiman et al., Classification and Regression Trees, 1984, section 3.4.3), and the larger train split
    decides; then validation again, then the order of the table, where the simplest is first.
    """
    best = max(row.macro_f1 for row in rows)
    enough = best - math.sqrt(best * (1 - best) / judged)
    order = list(HEADS)

    def key(row: Row) -> tuple[bool, float, float, int, str]:
        near = row.macro_f1 >= enough
        folds = row.cross_validated or 0.0
        return (
            not near,
            -folds if near else 0.0,
            -row.macro_f1,
            order.index(row.head.partition("+")[0]),
            row.head,
        )

    return sorted(rows, key=key)


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
