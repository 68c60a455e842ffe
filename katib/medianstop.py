"""Early stopping as Katib's medianstop computes it, whose median is an arithmetic mean.

Source: `pkg/earlystopping/v1beta1/medianstop/service.py` and
`cmd/metricscollector/v1beta1/file-metricscollector/main.go` (updateStopRules).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from katib.collectors import Reported, metric_names
from katib.experiment import Experiment, value_at
from katib.numbers import parse_float
from katib.observation import maximizes

MIN_TRIALS, START_STEP = 3, 4


class Rule(NamedTuple):
    """What a trial is held against, fixed when it is suggested: the value, and from which report on."""

    value: float
    start_step: int


@dataclass(frozen=True)
class MedianStop:
    """The settings of an Experiment."""

    min_trials: int = MIN_TRIALS
    start_step: int = START_STEP

    @classmethod
    def of(cls, experiment: Experiment) -> "MedianStop | None":
        """Those of the Experiment; None where nothing is stopped early."""
        if value_at(experiment.body, "spec.earlyStopping.algorithmName") != "medianstop":
            return None
        listed = value_at(experiment.body, "spec.earlyStopping.algorithmSettings") or []
        told = {str(each.get("name")): int(each.get("value")) for each in listed}
        return cls(told.get("min_trials_required", MIN_TRIALS), told.get("start_step", START_STEP))

    def rule(self, succeeded: Iterable[Sequence[float]]) -> Rule | None:
        """The rule for a trial that is suggested now; None while too few have succeeded.

        succeeded: the objective's reports of each succeeded trial, in order
        """
        first = [values[: self.start_step] for values in succeeded]
        means = [sum(values) / len(values) for values in first if values]
        if len(means) < self.min_trials:
            return None
        return Rule(sum(means) / len(means), self.start_step)


def stopped_at(experiment: Experiment, rule: Rule, reported: Sequence[Reported]) -> int | None:
    """The place of the report at which a trial is stopped: its best so far is worse than the rule; else None.

    An infinity or what is no number never stops a trial.
    """
    name, sign = metric_names(experiment)[0], 1 if maximizes(experiment) else -1
    best: float | None = None
    reports = 0
    for place, each in enumerate(reported):
        value = parse_float(each.value) if each.name == name else None
        if value is None:
            continue
        best = value if best is None or sign * value > sign * best else best
        reports += 1
        if reports >= rule.start_step and sign * best < sign * rule.value:
            return place
    return None
