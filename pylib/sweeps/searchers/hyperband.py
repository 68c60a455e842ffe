"""Hyperband, all of its brackets: a round waits for the one before, whose best go on with more to spend."""

from collections.abc import Iterator

from katib.experiment import Experiment
from katib.hyperband import Round, Settings, rounds
from katib.observation import maximizes
from katib.values import Assignments
from pylib.sweeps.searchers.optuna_searcher import OptunaSearcher, random


class Hyperband:
    """The rounds of `katib.hyperband` one after another; new points are drawn at random."""

    def __init__(self, experiment: Experiment, settings: dict[str, str]) -> None:
        self.settings = Settings.of(experiment)
        self.draws = OptunaSearcher(experiment, random(settings))
        self.sign = 1 if maximizes(experiment) else -1
        self.rounds: Iterator[Round] = rounds(self.settings)
        self.ahead: list[Assignments] = []
        self.running: dict[int, Assignments] = {}
        self.results: list[tuple[float, int, Assignments]] = []
        self.asked = 0
        self.exhausted = False
        self._begin()

    def ask(self) -> Assignments | None:
        """The next trial of the round; None while the round is not over, or after the last."""
        if not self.ahead:
            return None
        assignments = self.ahead.pop(0)
        self.running[self.asked] = assignments
        self.asked += 1
        return assignments

    def tell(self, trial: int, value: float | None) -> None:
        """Note a result; with the last of a round the next begins."""
        assignments = self.running.pop(trial)
        if value is not None:
            self.results.append((-self.sign * value, trial, assignments))
        if not self.ahead and not self.running:
            self._begin()

    def _begin(self) -> None:
        """Begin the next round that has a trial."""
        for each in self.rounds:
            best = sorted(self.results, key=lambda result: result[:2])[: each.trials]
            points = (
                [self.draws.ask() or {} for _ in range(each.trials)]
                if each.first
                else [p for _, _, p in best]
            )
            self.results = []
            self.ahead = [{**point, self.settings.resource: str(each.resource)} for point in points]
            if self.ahead:
                return
        self.exhausted = True
