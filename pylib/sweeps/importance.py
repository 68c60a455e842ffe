"""How much of what trials reached is due to each parameter, and how sure that is."""

import warnings
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from katib.experiment import Experiment, Parameter
from katib.values import Assignments, typed_all

RESAMPLES = 40
_LEAST = 4  # trials, below which nothing can be said


class Importance(NamedTuple):
    """A share of the variance, and the interval in which 90 of 100 resamples of the trials lie."""

    name: str
    share: float
    low: float
    high: float


def importances(
    experiment: Experiment, points: Sequence[tuple[Assignments, float]], *, resamples: int = RESAMPLES
) -> list[Importance]:
    """The parameters, the most important first; none where there are too few trials, or all reached the same.

    Functional ANOVA of a random forest (https://proceedings.mlr.press/v32/hutter14.html), as Optuna has it,
    over trials drawn anew with replacement.
    """
    if len(points) < _LEAST or len({value for _, value in points}) == 1:
        return []
    draws = np.random.default_rng(0)
    told = [_shares(experiment, points)]
    for _ in range(resamples):
        drawn = [points[place] for place in draws.integers(len(points), size=len(points))]
        if len({value for _, value in drawn}) > 1:
            told.append(_shares(experiment, drawn))
    found = []
    for parameter in experiment.parameters:
        shares = [each.get(parameter.name, 0.0) for each in told]
        low, high = np.quantile(shares[1:], [0.05, 0.95]) if shares[1:] else (shares[0], shares[0])
        found.append(Importance(parameter.name, shares[0], float(low), float(high)))
    return sorted(found, key=lambda each: -each.share)


def _with(parameter: Parameter, points: Sequence[tuple[Assignments, float]]) -> Parameter:
    """The parameter with all that trials had in its space: hyperband gives its resource other values."""
    had, space = sorted({assignments[parameter.name] for assignments, _ in points}), dict(parameter.space)
    if parameter.values:
        space["list"] = [*parameter.values, *(each for each in had if each not in parameter.values)]
        return Parameter(parameter.field, {**parameter.body, "feasibleSpace": space})
    bounds = [(Decimal(text), text) for text in (*had, str(space.get("min")), str(space.get("max")))]
    space |= {"min": min(bounds)[1], "max": max(bounds)[1]}
    if (space["min"], space["max"]) != (parameter.space.get("min"), parameter.space.get("max")):
        space.pop("step", None)
    return Parameter(parameter.field, {**parameter.body, "feasibleSpace": space})


def _shares(experiment: Experiment, points: Sequence[tuple[Assignments, float]]) -> dict[str, float]:
    import optuna
    from optuna.importance import FanovaImportanceEvaluator
    from optuna.trial import create_trial

    from pylib.sweeps.searchers.optuna_searcher import distribution

    space = {each.name: distribution(_with(each, points)) for each in experiment.parameters}
    listed = {each.name for each in experiment.parameters if each.values}
    study = optuna.create_study()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values between a distribution's steps
        for assignments, value in points:
            numbers = typed_all(experiment, assignments)
            params = {name: assignments[name] if name in listed else numbers[name] for name in space}
            study.add_trial(create_trial(params=params, distributions=space, value=value))
        evaluator = FanovaImportanceEvaluator(n_trees=24, max_depth=16, seed=0)
        return dict(evaluator.evaluate(study))
