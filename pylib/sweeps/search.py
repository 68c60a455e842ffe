"""A search on this machine: trials as processes of their own, counted and ended as Katib does it."""

import fcntl
import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from katib import counting, observation
from katib.collectors import UNAVAILABLE
from katib.counting import Ending, Status
from katib.experiment import Experiment
from katib.medianstop import MedianStop
from katib.numbers import parse_float
from katib.observation import objective_value, observe
from katib.values import Assignments
from pylib.errors import SweepError
from pylib.sweeps.reading import COUNTS, Sweep
from pylib.sweeps.running import Running
from pylib.sweeps.searchers.table import searcher
from pylib.sweeps.state import State, Trial
from pylib.termination import put_off, undisturbed

POLL = 0.05  # seconds between two looks at the running trials
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_RESUMED = {"FromVolume", "LongRunning"}
Listen = Callable[[Sequence[Trial], Mapping[int, float]], None]


@dataclass(frozen=True)
class Searched:
    """What a search came to: how it ended, all its trials, and the best of them, None where there is none."""

    ending: Ending
    trials: Sequence[Trial]
    best: Trial | None


def run(sweep: Sweep, folder: Path, environment: Mapping[str, str], listen: Listen) -> Searched:
    """Run the search to its end, or go on with it; `folder` is its own.

    environment: of the trials' processes, below what the template says; listen: is told how trials stand, and
        how many seconds each of those that run has taken
    Raises SweepError where it is run already, has ended with other counts, or its folder cannot be written.
    """
    try:
        with _alone(folder):
            state = State(folder / "state.sqlite")
            _resumed(sweep, state)
            return _Search(sweep.experiment, state, folder, environment, listen).run()
    except OSError as error:
        raise SweepError(
            f"{error.filename or folder}: {error.strerror or error}; give {folder} space and leave to write, "
            "and the same command goes on"
        ) from error


def value_of(experiment: Experiment, trial: Trial) -> str:
    """The text by which a trial is compared with others, as Katib has it."""
    if trial.status not in {Status.SUCCEEDED, Status.EARLY_STOPPED}:
        return UNAVAILABLE
    return objective_value(experiment, observe(experiment, trial.reported))


def best_of(experiment: Experiment, trials: Sequence[Trial]) -> Trial | None:
    """The optimal trial, as Katib has it."""
    place = observation.best(experiment, [value_of(experiment, each) for each in trials])
    return None if place is None else trials[place]


class _Search:
    def __init__(
        self,
        experiment: Experiment,
        state: State,
        folder: Path,
        environment: Mapping[str, str],
        listen: Listen,
    ) -> None:
        self.experiment, self.state, self.listen = experiment, state, listen
        self.folder, self.environment = folder, environment
        self.median = MedianStop.of(experiment)
        self.searcher = searcher(experiment)
        self.running: dict[int, Running] = {}
        self.judged: Sequence[Trial] = ()
        self.at_goal = False

    def run(self) -> Searched:
        """Ask, run and tell, until Katib would be done and nothing runs any more."""
        self._again()
        try:
            while (ending := self._ending()) is None or self.running:
                if ending is None:
                    self._start()
                self._look()
        except BaseException:
            with undisturbed():  # a second Ctrl-C would leave trials running
                for each in self.running.values():
                    each.ask_to_end()  # all at once, so that they take as long as the slowest
                for each in self.running.values():
                    each.stop()
            raise
        trials = self.state.trials()
        return Searched(ending, trials, best_of(self.experiment, trials))

    def _again(self) -> None:
        """Ask and tell the algorithm what the state says, in the order in which it happened."""
        trials = self.state.trials()
        happened = [(each.asked, each, True) for each in trials]
        happened += [(each.ended, each, False) for each in trials if each.ended is not None]
        for _, trial, asks in sorted(happened, key=lambda event: event[0]):
            if not asks:
                self.searcher.tell(trial.number, self._told(trial))
            elif self.searcher.ask() != trial.assignments:
                raise SweepError(
                    f"{self.state.path}: {self.experiment.algorithm} no longer asks for trial {trial.name}: "
                    "its library has changed; move the folder away and search again"
                )
        for trial in trials:
            if trial.status is Status.RUNNING:
                self._begin(trial)

    def _ending(self) -> Ending | None:
        trials = self.state.trials()
        if trials is not self.judged:  # a look at many reports takes as long as the trials' own work
            values = [value_of(self.experiment, each) for each in trials]
            self.at_goal, self.judged = observation.reaches_goal(self.experiment, values), trials
        statuses = [each.status for each in trials]
        return counting.ending(
            self.experiment, statuses, at_goal=self.at_goal, exhausted=self.searcher.exhausted
        )

    def _start(self) -> None:
        """Begin as many trials as Katib would ask for."""
        trials = self.state.trials()
        for number in range(len(trials), len(trials) + self._wanted(trials)):
            assignments = self.searcher.ask()
            if assignments is None:
                return
            rule = self.median.rule(self._curves(trials)) if self.median else None
            self.state.asked(number, self._name(number, assignments), assignments, rule)
            self._begin(self.state.trials()[-1])

    def _wanted(self, trials: Sequence[Trial]) -> int:
        return counting.wanted(self.experiment, [each.status for each in trials])

    def _begin(self, trial: Trial) -> None:
        with put_off():  # else a process may run that is not in the list of those to end
            self.running[trial.number] = Running(self.experiment, trial, self.folder, self.environment)

    def _look(self) -> None:
        for number, each in list(self.running.items()):
            outcome = each.look()
            while each.failed_tries:
                self.state.tried(number, each.failed_tries.pop())
            if outcome is not None:
                self.state.ended(number, outcome.status, outcome.reason, outcome.reported, each.seconds)
                del self.running[number]
                self.searcher.tell(number, self._told(self.state.trials()[number]))
        self.listen(self.state.trials(), {number: each.seconds for number, each in self.running.items()})
        if self.running:
            time.sleep(POLL)

    def _told(self, trial: Trial) -> float | None:
        return parse_float(value_of(self.experiment, trial))

    def _curves(self, trials: Sequence[Trial]) -> Iterator[list[float]]:
        """The objective's reports of each trial that has succeeded."""
        name = self.experiment.objective.get("objectiveMetricName")
        for trial in trials:
            if trial.status is Status.SUCCEEDED:
                values = (parse_float(each.value) for each in trial.reported if each.name == name)
                yield [value for value in values if value is not None]

    def _name(self, number: int, assignments: Assignments) -> str:
        """The Experiment's name and eight characters, as Katib's trials have; the same ones each time."""
        digest = hashlib.sha256(f"{number} {sorted(assignments.items())}".encode()).digest()
        return f"{self.experiment.name}-{''.join(_LETTERS[byte % 32] for byte in digest[:8])}"


def _resumed(sweep: Sweep, state: State) -> None:
    """Refuse other counts for a search that has begun, unless Katib would take them."""
    counts = [sweep.experiment.count(key) for key in COUNTS]
    former = state.begin(sweep.identity, counts)
    if list(former) == counts:
        return
    name, trials = sweep.experiment.name, state.trials()
    most = dict(zip(COUNTS, former, strict=True))["maxTrialCount"]
    done = [each for each in trials if each.status is not Status.RUNNING]
    if sweep.experiment.spec.get("resumePolicy") not in _RESUMED:
        raise SweepError(
            f"{name}: resumePolicy Never takes no other counts; write LongRunning, or another name"
        )
    if most is None or len(done) < most:
        raise SweepError(
            f"{name}: counts change only after maxTrialCount was reached; run it with the former ones"
        )
    if (sweep.experiment.count("maxTrialCount") or len(trials) + 1) <= len(trials):
        raise SweepError(f"{name}: there are {len(trials)} trials already; write a greater maxTrialCount")
    state.recount(counts)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder; SweepError where another process does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SweepError(
                f"{folder}: this search is run by another process; wait for it, or end it"
            ) from None
        yield


def forget(folder: Path) -> None:
    """Remove what trials left beside their logs, once a search has ended."""
    for scratch in folder.glob("trials/*/scratch"):
        shutil.rmtree(scratch, ignore_errors=True)
