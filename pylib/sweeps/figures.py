"""What a search's report shows, as numbers: history, places in the space, curves, what was stopped."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from katib.counting import Status
from katib.experiment import Experiment, Parameter
from katib.numbers import parse_float
from katib.observation import maximizes
from pylib.sweeps.search import value_of
from pylib.sweeps.state import Trial


@dataclass(frozen=True)
class Row:
    """A trial of the report.

    value: its objective, None where it has none; best: the best until then; curve: the objective's reports
    places: of its parameters in their spaces, and of its value among all, in [0,1]
    """

    trial: Trial
    value: float | None
    best: float | None
    places: tuple[float, ...]
    curve: tuple[float, ...]


@dataclass(frozen=True)
class Stopped:
    """What was stopped early, and what it would have cost: seconds spent, and those that were not."""

    trials: int
    spent: float
    saved: float


def rows(experiment: Experiment, trials: Sequence[Trial]) -> list[Row]:
    """A row a trial, in the order in which they were asked for."""
    values = [_finite(value_of(experiment, each)) for each in trials]
    there = [value for value in values if value is not None]
    low, high = (min(there), max(there)) if there else (0.0, 1.0)
    found, best = [], None
    for trial, value in zip(trials, values, strict=True):
        if value is not None:
            chosen = max if maximizes(experiment) else min
            best = value if best is None else chosen(best, value)
        places = [place(each, trial.assignments[each.name]) for each in experiment.parameters]
        if value is not None:
            places.append((value - low) / (high - low) if high > low else 0.5)
        found.append(Row(trial, value, best, tuple(places), curve(experiment, trial)))
    return found


def place(parameter: Parameter, text: str) -> float:
    """Where a value lies in its space, in [0,1]: by its logarithm, or in its list."""
    if parameter.values:
        known = parameter.values
        return known.index(text) / max(1, len(known) - 1) if text in known else 0.5
    low, high, value = float(parameter.number("min") or 0), float(parameter.number("max") or 0), float(text)
    if parameter.distribution == "logUniform":
        low, high, value = math.log(low), math.log(high), math.log(value)
    return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5


def curve(experiment: Experiment, trial: Trial) -> tuple[float, ...]:
    """The numbers that a trial reported of its objective, in order."""
    name = experiment.objective.get("objectiveMetricName")
    values = (_finite(each.value) for each in trial.reported if each.name == name)
    return tuple(value for value in values if value is not None)


def stopped(found: Sequence[Row]) -> Stopped:
    """What early stopping saved: as many reports more as trials that succeeded made, each at its own pace."""
    lengths = [len(each.curve) for each in found if each.trial.status is Status.SUCCEEDED]
    usual = median(lengths) if lengths else 0
    early = [each for each in found if each.trial.status is Status.EARLY_STOPPED and each.curve]
    saved = [each.trial.seconds / len(each.curve) * max(0.0, usual - len(each.curve)) for each in early]
    return Stopped(len(early), sum(each.trial.seconds for each in early), sum(saved))


def _finite(text: str) -> float | None:
    value = parse_float(text)
    return value if value is not None and math.isfinite(value) else None
