"""The search algorithms of Katib v0.19.0: their settings, and what each needs of the space and the counts.

Source: `pkg/suggestion/v1beta1/*/service.py` and the suggestions of `katib-config.yaml`.
"""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from katib.checks import Faults, check
from katib.experiment import NUMBERS, Experiment, number
from katib.grid import combinations
from katib.suggest import did_you_mean

HYPEROPT = {"random", "tpe"}
SETTINGS_FIELD = "spec.algorithm.algorithmSettings"


class Setting(NamedTuple):
    """What values a setting takes, in words and as a test."""

    words: str
    accepts: Callable[[str], bool]


def _numbers(words: str, accepts: Callable[[Decimal], bool], *, whole: bool = False) -> Setting:
    def test(text: str) -> bool:
        value = number(text)
        return value is not None and (not whole or text.lstrip("+-").isdecimal()) and accepts(value)

    return Setting(words, test)


def _one_of(*values: str) -> Setting:
    return Setting(f"one of {', '.join(values)}", lambda text: text in values)


WHOLE = _numbers("a whole number from 0", lambda value: value >= 0, whole=True)
SEED = _numbers("a whole number from 0 to 4294967295", lambda value: 0 <= value < 2**32, whole=True)
COUNT = _numbers("a whole number above 0", lambda value: value > 0, whole=True)
POSITIVE = _numbers("a number above 0", lambda value: value > 0)
ANY = Setting("any value", lambda _text: True)
SETTINGS: dict[str, dict[str, Setting]] = {
    "random": {"random_state": SEED},
    "tpe": {
        "gamma": _numbers("a number between 0 and 1", lambda value: 0 < value < 1),
        "n_EI_candidates": COUNT,
        "prior_weight": POSITIVE,
        "random_state": SEED,
    },
    "multivariate-tpe": {"n_ei_candidates": WHOLE, "n_startup_trials": WHOLE, "random_state": SEED},
    "grid": {"random_state": SEED},
    "hyperband": {
        "eta": _numbers("a whole number from 2", lambda value: value >= 2, whole=True),  # noqa: PLR2004
        "r_l": _numbers("a number from 1", lambda value: value >= 1),
        "resource_name": ANY,
    },
    "bayesianoptimization": {
        "acq_func": _one_of("gp_hedge", "LCB", "EI", "PI", "EIps", "PIps"),
        "acq_optimizer": _one_of("auto", "sampling", "lbfgs"),
        "base_estimator": _one_of("GP", "RF", "ET", "GBRT"),
        "n_initial_points": WHOLE,
        "random_state": SEED,
    },
    "cmaes": {"random_state": SEED, "restart_strategy": _one_of("none", "ipop", "bipop"), "sigma": POSITIVE},
    "sobol": {},
    "pbt": {
        "n_population": _numbers("a whole number from 5", lambda value: value >= 5, whole=True),  # noqa: PLR2004
        "resample_probability": _numbers("a number from 0 to 1", lambda value: 0 <= value <= 1),
        "suggestion_trial_dir": ANY,
        "truncation_threshold": _numbers("a number from 0 to 1", lambda value: 0 <= value <= 1),
    },
}
NEEDED = {
    "hyperband": ("r_l", "resource_name"),
    "pbt": ("suggestion_trial_dir", "n_population", "truncation_threshold"),
}
ARCHITECTURE = {"darts", "enas"}  # they search nasConfig, and have settings without end


@check(
    "katib-algorithm",
    "an unknown algorithm is refused, and an unknown setting fails the Experiment as it runs",
)
def algorithms(experiment: Experiment) -> Faults:
    """The algorithm and its settings are known, and settings have values that it takes."""
    yield from [*_algorithm(experiment), *_settings(experiment)]


@check("katib-grid", "grid fails with more trials than points, and without a count it begins again for ever")
def grids(experiment: Experiment) -> Faults:
    """A grid has a step for every double, and no more trials than points."""
    yield from _grid(experiment) if experiment.algorithm == "grid" else ()


@check("katib-hyperband", "v0.19.0 runs hyperband's first bracket only, and then waits for ever")
def hyperbands(experiment: Experiment) -> Faults:
    """Hyperband has its resource, enough trials at once, and no more trials than its first bracket."""
    yield from _hyperband(experiment) if experiment.algorithm == "hyperband" else ()


def _algorithm(experiment: Experiment) -> Faults:
    name = experiment.algorithm
    if name and name not in {*SETTINGS, *ARCHITECTURE}:
        known = did_you_mean(name, [*SETTINGS, *ARCHITECTURE])
        yield "spec.algorithm.algorithmName", f"Katib has no algorithm {name}{known}"
    if (name in ARCHITECTURE) != (experiment.spec.get("nasConfig") is not None) and name:
        what = "needs" if name in ARCHITECTURE else "does not search"
        yield "spec.algorithm.algorithmName", f"{name} {what} nasConfig"
    numeric = sum(parameter.type in NUMBERS for parameter in experiment.parameters)
    if name == "cmaes" and numeric < 2:  # noqa: PLR2004
        yield "spec.parameters", f"cmaes needs two parameters that are int or double; there are {numeric}"


def _settings(experiment: Experiment) -> Faults:
    known = SETTINGS.get(experiment.algorithm)
    if known is None:
        return
    names = [str(setting.get("name")) for setting in experiment.settings]
    for needed in NEEDED.get(experiment.algorithm, ()):
        if needed not in names:
            yield SETTINGS_FIELD, f"{experiment.algorithm} needs the setting {needed}"
    for index, (name, setting) in enumerate(zip(names, experiment.settings, strict=True)):
        field, value = f"{SETTINGS_FIELD}[{index}]", str(setting.get("value"))
        if name not in known:
            yield f"{field}.name", f"{experiment.algorithm} has no setting {name}{did_you_mean(name, known)}"
        elif not known[name].accepts(value):
            yield f"{field}.value", f"{name} is {value}; it must be {known[name].words}"


def _grid(experiment: Experiment) -> Faults:
    for parameter in experiment.parameters:
        if parameter.type == "double" and not parameter.space.get("step"):
            yield (
                f"{parameter.field}.feasibleSpace.step",
                f"a grid needs a step for {parameter.name}, a double",
            )
    points = [combinations(parameter) for parameter in experiment.parameters]
    trials, total = experiment.count("maxTrialCount"), math.prod(each or 0 for each in points)
    if trials is None:
        yield "spec.maxTrialCount", f"without it the grid begins again for ever; write {total or 'a count'}"
    elif total and trials > total:
        yield "spec.maxTrialCount", f"it is {trials}, and the grid has {total} points; lower it"


def _hyperband(experiment: Experiment) -> Faults:
    settings = {str(setting.get("name")): str(setting.get("value")) for setting in experiment.settings}
    resource = settings.get("resource_name")
    if resource is not None and resource not in {parameter.name for parameter in experiment.parameters}:
        yield (
            SETTINGS_FIELD,
            f"resource_name is {resource}, which is no parameter; name one that a trial spends",
        )
    most, eta = number(settings.get("r_l")), int(number(settings.get("eta", "3")) or 3)
    if most is None or most <= 0 or eta < 2:  # noqa: PLR2004
        return
    rounds = int(math.log(most) / math.log(eta))
    parallel, trials = experiment.count("parallelTrialCount") or 0, experiment.count("maxTrialCount")
    if parallel < eta**rounds:
        yield "spec.parallelTrialCount", f"hyperband needs at least {eta**rounds} trials at once, eta^s_max"
    elif trials is None or trials > _first_bracket(parallel, eta, rounds):
        bracket = _first_bracket(parallel, eta, rounds)
        yield "spec.maxTrialCount", f"only the first bracket's {bracket} trials run; write at most that"


def _first_bracket(parallel: int, eta: int, rounds: int) -> int:
    """Trials of the first bracket: all that start, then each time the best eta-th of them."""
    sizes: list[int] = [math.ceil(parallel * eta**-step) for step in range(rounds)]
    return parallel + sum(math.ceil(size / eta) for size in sizes)
