"""A line for each trial that has ended, for a log: of a step, or of a terminal that is none."""

from collections.abc import Callable, Mapping, Sequence

from katib.collectors import UNAVAILABLE
from katib.counting import Status
from katib.experiment import Experiment
from katib.numbers import parse_float
from pylib.sweeps.search import Listen, value_of
from pylib.sweeps.state import Trial


def lines(say: Callable[[str], None], experiment: Experiment) -> Listen:
    """Something that listens to a search and says a line when a trial has ended."""
    told: set[int] = set()

    def listen(trials: Sequence[Trial], _seconds: Mapping[int, float]) -> None:
        for each in trials:
            if each.status is not Status.RUNNING and each.number not in told:
                told.add(each.number)
                say(line(experiment, each))

    return listen


def line(experiment: Experiment, trial: Trial) -> str:
    """What became of a trial."""
    value, why = value_of(experiment, trial), f" ({trial.reason})" if trial.reason else ""
    shown = "" if value == UNAVAILABLE else short(value)
    stands = f"{trial.number + 1:>3} {trial.status:<18} {shown:>8} {trial.seconds:6.1f} s"
    return f"{stands}  {parameters(trial)}{why}"


def parameters(trial: Trial) -> str:
    """Its parameters, short."""
    return ", ".join(f"{name} {short(value)}" for name, value in trial.assignments.items())


def short(value: str) -> str:
    """A number with six digits; anything else whole, so that it can be copied."""
    number = parse_float(value)
    return value if number is None else f"{number:.6g}"
