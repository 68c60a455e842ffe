"""How trials are counted, when an Experiment ends, and how many trials are asked for.

Source: `pkg/controller.v1beta1/experiment/util/status_util.go` and, beside it, `experiment_controller.go`.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from katib.experiment import Experiment

PARALLEL = 3
"""Trials at once where an Experiment says nothing."""


class Status(StrEnum):
    """What a trial is, by Katib's names."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    EARLY_STOPPED = "EarlyStopped"
    METRICS_UNAVAILABLE = "MetricsUnavailable"


_ENDED = set(Status) - {Status.RUNNING}
_FAILED = {Status.FAILED, Status.METRICS_UNAVAILABLE}


class Ending(NamedTuple):
    """How an Experiment ended: Succeeded or Failed, and Katib's reason."""

    condition: str
    reason: str

    @property
    def succeeded(self) -> bool:
        """Whether it has."""
        return self.condition == "Succeeded"


GOAL = Ending("Succeeded", "ExperimentGoalReached")
MAX_TRIALS = Ending("Succeeded", "ExperimentMaxTrialsReached")
NO_MORE = Ending("Succeeded", "ExperimentSuggestionEndReached")
FAILED = Ending("Failed", "ExperimentFailed")


def ending(
    experiment: Experiment, statuses: Iterable[Status], *, at_goal: bool, exhausted: bool = False
) -> Ending | None:
    """Whether it has ended, and how: the goal first, then failures, then the count.

    exhausted: the algorithm has no more points
    """
    counted = Counter(statuses)
    failed = sum(counted[each] for each in _FAILED)
    most, allowed = experiment.count("maxTrialCount"), experiment.count("maxFailedTrialCount")
    if at_goal:
        return GOAL
    if allowed is not None and failed and failed >= allowed:
        return FAILED
    if most is not None and sum(counted[each] for each in _ENDED) >= most:
        return MAX_TRIALS
    return NO_MORE if exhausted and not counted[Status.RUNNING] else None


def wanted(experiment: Experiment, statuses: Iterable[Status]) -> int:
    """How many more trials are asked for now; a trial without metrics does not count among the finished."""
    counted = Counter(statuses)
    most, parallel = experiment.count("maxTrialCount"), experiment.count("parallelTrialCount") or PARALLEL
    done = sum(counted[each] for each in _ENDED - {Status.METRICS_UNAVAILABLE})
    active = parallel if most is None else min(parallel, most - done)
    return max(0, active - counted[Status.RUNNING])
