"""Bayesian optimisation: a Gaussian process of what was told, on shares of each parameter's space."""

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from katib.experiment import Experiment
from katib.observation import maximizes
from katib.values import Assignments, placed
from pylib.errors import SweepError

_INITIAL = 10  # points drawn at random first, as scikit-optimize has it, which Katib asks
_NOT_HERE = {
    "base_estimator": {"RF", "ET", "GBRT"},
    "acq_func": {"EIps", "PIps"},
    "acq_optimizer": {"sampling"},
}


class Gaussian:
    """Katib's settings, where the library has such: a GP, and EI, PI, LCB or a hedge of the three."""

    def __init__(self, experiment: Experiment, settings: Mapping[str, str]) -> None:
        from bayes_opt import BayesianOptimization

        for name, values in _NOT_HERE.items():
            if settings.get(name) in values:
                raise SweepError(
                    f"algorithmSettings: {name} {settings[name]} is not offered here; leave it out"
                )
        self.parameters = experiment.parameters
        self.initial = int(settings.get("n_initial_points", _INITIAL))
        self.sign = 1 if maximizes(experiment) else -1
        self.optimizer = BayesianOptimization(
            f=None,
            pbounds={each.name: (0.0, 1.0) for each in self.parameters},
            acquisition_function=_acquisition(settings.get("acq_func", "gp_hedge")),
            random_state=int(settings.get("random_state", "0")),
            allow_duplicate_points=True,
            verbose=0,
        )
        self.draws = np.random.default_rng(int(settings.get("random_state", "0")))
        self.asked: list[dict[str, float]] = []
        self.told = 0
        self.exhausted = False

    def ask(self) -> Assignments | None:
        """The next point: at random at first, then where the acquisition function is greatest."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of kernels that fit few points badly
            point = self._random() if self.told < self.initial else self.optimizer.suggest()
        self.asked.append({name: float(share) for name, share in point.items()})
        return {each.name: placed(each, self.asked[-1][each.name]) for each in self.parameters}

    def tell(self, trial: int, value: float | None) -> None:
        """Add an observation; a failed trial is none."""
        if value is not None and math.isfinite(value):
            self.told += 1
            self.optimizer.register(params=self.asked[trial], target=self.sign * value)

    def _random(self) -> dict[str, float]:
        return {each.name: float(self.draws.random()) for each in self.parameters}


def _acquisition(name: str) -> Any:
    from bayes_opt import acquisition

    made: dict[str, Callable[[], Any]] = {
        "EI": lambda: acquisition.ExpectedImprovement(xi=0.01),
        "PI": lambda: acquisition.ProbabilityOfImprovement(xi=0.01),
        "LCB": lambda: acquisition.UpperConfidenceBound(kappa=1.96),
    }
    return made[name]() if name in made else acquisition.GPHedge([each() for each in made.values()])
