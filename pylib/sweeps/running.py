"""A trial that runs: attempt after attempt, as a Job starts its pod again, until it ends."""

import time
from collections.abc import Mapping
from pathlib import Path

from katib.counting import Status
from katib.experiment import Experiment, value_at
from katib.substitution import SubstitutionError, trial_object
from pylib.errors import SweepError
from pylib.sweeps import attempt, outcome
from pylib.sweeps.attempt import Attempt
from pylib.sweeps.outcome import Outcome
from pylib.sweeps.state import Trial
from pylib.termination import put_off

BACKOFF_LIMIT = 6
"""How often a Job starts its pod again where nothing is said: Kubernetes' own default."""


class Running:
    """One trial; `look` moves it on.

    seconds: of the attempt that runs or ran last; failed_tries: seconds of attempts that failed and were
        followed by another, for whoever keeps the state
    """

    def __init__(
        self, experiment: Experiment, trial: Trial, folder: Path, environment: Mapping[str, str]
    ) -> None:
        self.experiment, self.trial, self.environment = experiment, trial, environment
        self.folder = folder / "trials" / trial.name
        try:
            self.made = trial_object(experiment, trial.name, trial.assignments)
        except SubstitutionError as error:
            raise SweepError(f"trial {trial.name}: {error}") from error
        self.deadline = value_at(self.made, "spec.activeDeadlineSeconds")
        limit = value_at(self.made, "spec.backoffLimit")
        self.tries_left = (BACKOFF_LIMIT if limit is None else int(limit)) - trial.tries
        self.failed_tries: list[float] = []
        self.started = time.monotonic()
        self.attempt: Attempt | None = None
        self.before = self._before()
        if self.before is None:
            self._begin()

    def _before(self) -> Outcome | None:
        """How the trial ended while nobody looked, if it did; what still runs of it is ended."""
        for each in sorted(self.folder.glob("attempt-*")):
            attempt.end_orphan(each)
        last = max(self.folder.glob("attempt-*"), default=None)
        if last is None:
            return None
        stopped = outcome.of_rule(self.experiment, last, self.trial.rule)
        if stopped or not attempt.completed(last):
            return stopped
        return outcome.of_end(self.experiment, last, self.trial.rule, 0)

    def _begin(self) -> None:
        number = len(list(self.folder.glob("attempt-*")))
        with put_off():  # else a process may run that `stop` does not know of
            self.attempt = Attempt(
                self.experiment,
                self.made,
                self.folder / f"attempt-{number:03}",
                self.environment,
                rule=self.trial.rule is not None,
            )

    @property
    def seconds(self) -> float:
        """Of the present attempt."""
        return self.attempt.seconds if self.attempt else 0.0

    def look(self) -> Outcome | None:
        """How it ended; None while it goes on."""
        if self.attempt is None:
            return self.before
        folder, running = self.attempt.folder, self.attempt.running()
        if running and self.deadline is not None and time.monotonic() - self.started > float(self.deadline):
            self.attempt.stop()
            return Outcome(Status.FAILED, f"DeadlineExceeded: not done after {self.deadline} s", [])
        if running:
            return self._broken()
        found = outcome.of_end(self.experiment, folder, self.trial.rule, self.attempt.process.returncode)
        attempt.end_orphan(folder)
        if found.status is not Status.FAILED or self.tries_left <= 0:
            return found
        self.tries_left -= 1
        self.failed_tries.append(self.seconds)
        self._begin()
        return None

    def _broken(self) -> Outcome | None:
        """Stop the attempt where it breaks its rule."""
        assert self.attempt is not None  # noqa: S101 (for the type checker)
        stopped = outcome.of_rule(self.experiment, self.attempt.folder, self.trial.rule)
        if stopped:
            self.attempt.stop()
        return stopped

    def ask_to_end(self) -> None:
        """Tell what runs to end, without waiting for it; `stop` does that."""
        if self.attempt:
            self.attempt.ask_to_end()

    def stop(self) -> None:
        """End what runs, because the search is ended; it can go on later."""
        if self.attempt:
            self.attempt.stop()
