"""The brackets of hyperband: how many trials each round has, and what each may spend.

https://arxiv.org/abs/1603.06560, with the numbers of `pkg/suggestion/v1beta1/hyperband/service.py`; Katib
v0.19.0 itself runs no further than the first bracket, whose size it takes from parallelTrialCount.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from katib.experiment import Experiment, number

ETA = 3


class Round(NamedTuple):
    """A round: how many trials, and the value of the resource; `first` of a bracket, whose points are new."""

    trials: int
    resource: int
    first: bool


class Settings(NamedTuple):
    """eta: of each round the best 1/eta go on; most: r_l, what a trial spends at most; resource: its name."""

    eta: int
    most: float
    resource: str

    @classmethod
    def of(cls, experiment: Experiment) -> "Settings":
        """Those of an Experiment."""
        told = {str(each.get("name")): str(each.get("value")) for each in experiment.settings}
        eta = int(number(told.get("eta", str(ETA))) or ETA)
        return cls(eta, float(number(told.get("r_l")) or 0), told.get("resource_name", ""))

    @property
    def brackets(self) -> int:
        """s_max: how often the resource can be divided by eta."""
        return int(math.log(self.most) / math.log(self.eta))


def rounds(settings: Settings) -> Iterator[Round]:
    """Every round of all brackets, the one with most trials and least resource first."""
    eta, most, last = settings.eta, settings.most, settings.brackets
    for bracket in range(last, -1, -1):
        trials = math.ceil((last + 1) * eta**bracket / (bracket + 1))
        for step in range(bracket + 1):
            yield Round(trials, int(most * float(eta) ** (step - bracket)), first=step == 0)
            trials = math.ceil(trials / eta)
