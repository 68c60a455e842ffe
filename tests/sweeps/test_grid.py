"""A grid's points: each once, in Katib's order, and none made before it is asked for."""

import itertools
import random

import pytest

from katib.experiment import Experiment
from katib.grid import points
from pylib.sweeps.searchers.grid import Grid
from tests.katib.experiments import body


def experiment(*counts: int) -> Experiment:
    """One whole number for each count, from 0, and a list of words at the end."""
    ranges = [{"min": "0", "max": str(count - 1)} for count in counts]
    space = [
        {"name": f"n{place}", "parameterType": "int", "feasibleSpace": each}
        for place, each in enumerate(ranges)
    ]
    words = {"name": "word", "parameterType": "categorical", "feasibleSpace": {"list": ["a", "b"]}}
    return Experiment(body(parameters=[*space, words]))


@pytest.mark.parametrize("seed", [0, 7])
def test_its_order_is_that_of_a_shuffled_product(seed: int) -> None:
    told = experiment(3, 1, 5)
    names = [each.name for each in told.parameters]
    product = itertools.product(*(points(each) for each in told.parameters))
    whole = [dict(zip(names, each, strict=True)) for each in product]
    random.Random(seed).shuffle(whole)
    grid = Grid(told, seed)
    asked = [grid.ask() for _ in whole]
    assert asked == whole
    assert [list(each or {}) for each in asked] == [names] * len(whole)
    assert grid.exhausted
    assert grid.ask() is None


def test_a_million_points_are_eight_bytes_each() -> None:
    grid = Grid(experiment(100, 100, 50), 0)
    assert len(grid.numbers) == 1_000_000
    assert grid.numbers.buffer_info()[1] * grid.numbers.itemsize == 8_000_000
    assert not grid.exhausted
