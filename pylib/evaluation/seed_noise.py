"""How far a figure moves when nothing but the seed of training differs: the noise that no better model beats.

Bouthillier et al., Accounting for Variance in Machine Learning Benchmarks, 2021, https://arxiv.org/abs/2103.03098.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pylib.errors import DataError
from pylib.evaluation.record import Evaluation, read_evaluation


class Spread(NamedTuple):
    """One metric over k evaluations: its mean, sample standard deviation (k-1), and extremes."""

    mean: float
    deviation: float
    lowest: float
    highest: float


def spreads(folders: Sequence[Path]) -> tuple[list[Evaluation], dict[str, Spread]]:
    """Read k evaluations of the same test split; return them and the spread of each metric that all have.

    Raises DataError where there are fewer than two, two of one model, or of other data or another task.
    """
    found = [read_evaluation(folder) for folder in folders]
    if len(found) < 2:  # noqa: PLR2004
        raise DataError("one evaluation has no spread: name those of two seeds or more")
    first = found[0]
    for folder, each in zip(folders[1:], found[1:], strict=True):
        if (each.task, each.dataset, each.items) != (first.task, first.dataset, first.items):
            raise DataError(
                f"{folder} is of {each.items} items of {each.dataset} ({each.task}), and {folders[0]} of "
                f"{first.items} of {first.dataset} ({first.task}): name evaluations of the same test split"
            )
    if twice := len(found) - len({each.model_digest for each in found}):
        raise DataError(f"{twice} of the models are there twice: run them with other seeds")
    names = [name for name in first.metrics if all(name in each.metrics for each in found)]
    return found, {name: _spread([each.metrics[name] for each in found]) for name in names}


def _spread(values: Sequence[float]) -> Spread:
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)), min(values), max(values))
