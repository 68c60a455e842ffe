"""Rows by split: what a row holds decides, so that equal rows stay together and new ones move none."""

import numpy as np
import pytest

from pylib.errors import DataError
from pylib.tabular.split import by_split
from pylib.tabular.table import Table

DRAW = np.random.default_rng(0)
COLUMNS = ("x", "y", "z")


def drawn(rows):
    return DRAW.normal(size=(rows, 3))


def test_equal_features_share_a_split_and_every_row_is_in_one():
    values = drawn(200)
    twice = Table(COLUMNS, np.concatenate([values, values + np.array([0, 0, 1])]))
    splits = by_split(twice, "z")
    assert sum(map(len, splits.values())) == 400
    seen = [set(map(tuple, rows[:, :2].tolist())) for rows in splits.values()]
    assert sum(map(len, seen)) == len(set().union(*seen)) == 200


def test_rows_that_are_added_move_none():
    values = drawn(300)
    before, after = (by_split(Table(COLUMNS, values[:count]), "y") for count in (200, 300))
    for split, rows in before.items():
        assert after[split][: len(rows)].tolist() == rows.tolist()


def test_the_target_is_the_last_column_wherever_it_stood():
    values = drawn(100)
    splits = by_split(Table(COLUMNS, values), "x")
    assert {*np.concatenate([*splits.values()])[:, -1]} == {*values[:, 0]}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (drawn(3), "3 lines below the header; .* 20 are the least"),
        (np.column_stack([drawn(50)[:, :2], np.full(50, 5)]), "column 'z': 5 in every line, .* x, y, z"),
        (np.tile(drawn(1), (50, 1)) + np.eye(50, 3), "column 'z': too few different values in "),
    ],
)
def test_a_table_that_says_nothing_is_refused(values, said):
    with pytest.raises(DataError, match=f"^{said}"):
        by_split(Table(COLUMNS, values), "z")
