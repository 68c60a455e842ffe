"""Optuna's samplers: random, TPE, multivariate TPE and CMA-ES, with the defaults of what Katib serves."""

import math
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from katib.experiment import Experiment, Parameter
from katib.observation import maximizes
from katib.values import Assignments, written

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

Settings = Mapping[str, str]


class OptunaSearcher:
    """A sampler with a study in memory."""

    def __init__(self, experiment: Experiment, sampler: "BaseSampler") -> None:
        import optuna
        from optuna.study import StudyDirection

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        direction = StudyDirection.MAXIMIZE if maximizes(experiment) else StudyDirection.MINIMIZE
        self.parameters = experiment.parameters
        self.study = optuna.create_study(sampler=sampler, direction=direction)
        self.space = {each.name: distribution(each) for each in experiment.parameters}
        self.exhausted = False

    def ask(self) -> Assignments:
        """Draw the next point."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it calls experimental
            drawn = self.study.ask(fixed_distributions=self.space).params
        return {each.name: written(each, drawn[each.name]) for each in self.parameters}

    def tell(self, trial: int, value: float | None) -> None:
        """Tell a value; of a failed trial the sampler learns nothing, as in Katib."""
        from optuna.trial import TrialState

        if value is None or not math.isfinite(value):
            self.study.tell(trial, state=TrialState.FAIL)
        else:
            self.study.tell(trial, value)


def distribution(parameter: Parameter) -> "BaseDistribution":
    """A parameter's space in Optuna's terms."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if parameter.values:
        return CategoricalDistribution(parameter.values)
    low, high = parameter.number("min") or 0, parameter.number("max") or 0
    step, log = parameter.number("step"), parameter.distribution == "logUniform"
    if step and not log:
        high = low + (high - low) // step * step
    if parameter.type == "int":
        return IntDistribution(int(low), int(high), log=log, step=1 if log else int(step or 1))
    return FloatDistribution(float(low), float(high), log=log, step=float(step) if step and not log else None)


def random(settings: Settings) -> "BaseSampler":
    """Uniform draws."""
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed(settings))


def tpe(settings: Settings) -> "BaseSampler":
    """Tree-structured Parzen estimators, one a parameter, with the defaults of hyperopt, which Katib asks."""
    from optuna.samplers import TPESampler

    share = float(settings.get("gamma", "0.25"))

    def below(trials: int) -> int:
        return min(math.ceil(share * math.sqrt(trials)), 25)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna would rather not be asked for gamma and prior_weight
        return TPESampler(
            n_startup_trials=20,
            n_ei_candidates=int(settings.get("n_EI_candidates", "24")),
            prior_weight=float(settings.get("prior_weight", "1")),
            gamma=below,
            seed=seed(settings),
        )


def multivariate_tpe(settings: Settings) -> "BaseSampler":
    """One Parzen estimator of all parameters, as Katib asks of Optuna."""
    from optuna.samplers import TPESampler

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna calls it experimental
        return TPESampler(
            n_startup_trials=int(settings.get("n_startup_trials", "10")),
            n_ei_candidates=int(settings.get("n_ei_candidates", "24")),
            multivariate=True,
            seed=seed(settings),
        )


def cmaes(settings: Settings) -> "BaseSampler":
    """Covariance matrix adaptation, of parameters that are numbers."""
    from optuna.samplers import CmaEsSampler

    sigma = settings.get("sigma")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna would rather not be asked for sigma
        return CmaEsSampler(
            sigma0=float(sigma) if sigma else None, seed=seed(settings), warn_independent_sampling=False
        )


def seed(settings: Settings) -> int:
    """What draws begin with: Katib's random_state; 0 where none is said, so that a search can be repeated."""
    return int(settings.get("random_state", "0"))


SAMPLERS: Mapping[str, Callable[[Settings], "BaseSampler"]] = {
    "random": random,
    "tpe": tpe,
    "multivariate-tpe": multivariate_tpe,
    "cmaes": cmaes,
}
