"""How an attempt ended, by what it left: Katib's status of the trial, and what was reported."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from katib.collectors import CollectorError, Reported, collect, has_objective
from katib.counting import Status
from katib.experiment import Experiment
from katib.medianstop import Rule, stopped_at
from pylib.sweeps import attempt


class Outcome(NamedTuple):
    """A status, why where it failed, and what counts of the reports."""

    status: Status
    reason: str
    reported: Sequence[Reported]


def of_end(experiment: Experiment, folder: Path, rule: Rule | None, code: int) -> Outcome:
    """How an attempt whose process has ended did; `code` is its exit status.

    A trial that broke its rule was stopped there, also where it was faster than whoever looks.
    """
    if stopped := of_rule(experiment, folder, rule):
        return stopped
    if not attempt.completed(folder):
        return Outcome(Status.FAILED, f"exit status {code}{last_words(folder)}", [])
    try:
        reported = collect(experiment, attempt.lines(attempt.file_of(experiment, folder)))
    except CollectorError as error:
        return Outcome(Status.FAILED, str(error), [])
    if not has_objective(experiment, reported):
        return Outcome(Status.METRICS_UNAVAILABLE, "it reported no objective", [])
    return Outcome(Status.SUCCEEDED, "", reported)


def of_rule(experiment: Experiment, folder: Path, rule: Rule | None) -> Outcome | None:
    """The end of an attempt that broke its rule, with what it reported until then; None where it did not."""
    if rule is None:
        return None
    written = attempt.lines(attempt.file_of(experiment, folder))[:-1]  # the last line may not be whole
    try:
        reported = collect(experiment, written)
    except CollectorError:
        return None
    place = stopped_at(experiment, rule, reported)
    if place is None:
        return None
    said = f"{reported[place].value} is worse than {rule.value:g} after {rule.start_step} reports"
    return Outcome(Status.EARLY_STOPPED, said, reported[: place + 1])


def last_words(folder: Path) -> str:
    """The last line that a failed attempt said, for whoever asks why; nothing that drives a terminal."""
    for file in (folder / attempt.LOG, folder / "pod.log"):
        if said := [line.strip() for line in attempt.lines(file) if line.strip()]:
            return f": {''.join(each for each in said[-1][:200] if each.isprintable())}"
    return ""
