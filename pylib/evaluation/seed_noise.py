"""How far a figure moves when nothing but the seed of training differs: the noise that no better model beats.

Bouthillier et al., Accounting for Variance in Machine Learning Benchmarks, 2021, https://arxiv.org/abs/2103.03098.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pylib.errors import DataError
from pylib.evaluation.record import Evaluation, read_evaluation
from pylib.provenance import statement as records
from pylib.provenance.digests import BUNDLE

_JUDGING = "evaluate"
_NO_MATTER = {"seed", "search", "parameters"}
"""Of a step: what may differ, where hyper-parameters come from, and those that are looked at one by one."""


class Spread(NamedTuple):
    """One metric over k evaluations: its mean, sample standard deviation (k-1), and extremes."""

    mean: float
    deviation: float
    lowest: float
    highest: float


def spreads(folders: Sequence[Path]) -> tuple[list[Evaluation], dict[str, Spread]]:
    """Read k evaluations of the same test split; return them and the spread of each metric that all have.

    Raises DataError where there are fewer than two, two of one model, or of other data or another task, or
    where more than the seed is another.
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
    _refuse_other_makings(folders)
    if twice := len(found) - len({each.model_digest for each in found}):
        raise DataError(f"{twice} of the models are there twice: run them with other seeds")
    names = [name for name in first.metrics if all(name in each.metrics for each in found)]
    return found, {name: _spread([each.metrics[name] for each in found]) for name in names}


def _refuse_other_makings(folders: Sequence[Path]) -> None:
    """Where something else than the seed differs as well, the spread is not the seed's."""
    first = _given(folders[0])
    for folder in folders[1:]:
        given = _given(folder)
        for name in sorted(first.keys() & given.keys()):
            if first[name] != given[name]:
                raise DataError(
                    f"{folder} is of {name} {given[name]!r}, and {folders[0]} of {first[name]!r}: "
                    "name runs that differ in their seed alone"
                )


def _given(folder: Path) -> dict[str, Any]:
    """What the steps before the evaluation were given, but for seeds; nothing where it has no records."""
    bundle = records.read_bundle(folder) if (folder / BUNDLE).is_file() else []
    found: dict[str, Any] = {}
    for each in bundle:
        given: Mapping[str, Any] = each["predicate"]["buildDefinition"]["externalParameters"]
        step = f"{records.step_name(each)} {given.get('name', '')}".rstrip()
        for name, value in {**given, **given.get("parameters", {})}.items():
            if step != _JUDGING and name not in _NO_MATTER:
                found[f"{step} {name}"] = value
    return found


def _spread(values: Sequence[float]) -> Spread:
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)), min(values), max(values))
