"""Rows by split: a function of what a row holds, so that equal rows share one and new rows move none."""

import numpy as np

from pylib.data.dataset import SPLITS, SplitName
from pylib.data.split import split_of
from pylib.errors import DataError
from pylib.tabular.table import Floats, Table

USED: tuple[SplitName, ...] = ("train", "validation", "test")
"""What a regression needs; the split "calibration" is cut as ever and left alone."""
FEWEST = 20
"""Fewer lines than this and no split says anything."""


def by_split(table: Table, target: str) -> dict[SplitName, Floats]:
    """The rows of each split, in the file's order: float64 [rows, columns], the target last.

    A row's split is that of its features' values, as `pylib.data.split` has it. Raises DataError where the
    table is too small, or its target says nothing.
    """
    at = table.columns.index(target)
    values = np.column_stack([np.delete(table.values, at, axis=1), table.values[:, at]])
    _check(table, values[:, -1], target)
    splits = np.array([split_of(",".join(map(repr, row))) for row in values[:, :-1].tolist()])
    found = {split: values[splits == split] for split in SPLITS}
    _check_splits(found, target)
    return found


def _check(table: Table, target: Floats, name: str) -> None:
    if len(target) < FEWEST:
        raise DataError(f"{len(target)} lines below the header; add some, {FEWEST} are the least to be split")
    if np.ptp(target) == 0:
        raise DataError(f"column {name!r}: {target[0]:g} in every line, so there is nothing to predict; "
                        f"name another target of {', '.join(table.columns)}")  # fmt: skip


def _check_splits(found: dict[SplitName, Floats], target: str) -> None:
    """Every split that is used has two different values of the target, without which none has a variance."""
    for split in USED:
        if len(np.unique(found[split][:, -1])) < 2:  # noqa: PLR2004
            counts = ", ".join(f"{len(found[each])} {each}" for each in USED)
            raise DataError(f"column {target!r}: too few different values in {split} ({counts} lines);"
                            " add lines that differ")  # fmt: skip
