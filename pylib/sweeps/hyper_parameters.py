"""What the trials of a search would refuse of their hyper-parameters, said before any trial starts.

Each parameter is looked at with its listed values or with both ends of its range, beside the first values of
all others; what only a combination of values makes wrong, the trial that has it says.
"""

from collections.abc import Iterable, Iterator

from katib.experiment import Experiment, Parameter
from katib.substitution import trial_object
from katib.values import Assignments
from pylib.errors import ConfigurationError, SweepError, did_you_mean
from pylib.sweeps.attempt import primary
from pylib.sweeps.trial import check as check_trial

_OURS = ["pylib", "trial"]
_FLAGS = ("--data", "--image-size", "--weights")
"""The options of `pylib trial`."""
_EXPANDED = "$("
"""Begins what Kubernetes puts into a word from the trial's variables: only the trial knows it."""


def check(experiment: Experiment) -> None:
    """Raise SweepError, one line, for the first that trials of `pylib trial` would refuse."""
    for assignments in _looked_at(experiment):
        words = _words(experiment, assignments)
        if words[:2] != _OURS or len(words) < len(_OURS) + 1:
            return
        try:
            _check(words[2], words[3:])
        except ConfigurationError as error:
            given = ", ".join(f"{name}={value}" for name, value in assignments.items())
            raise SweepError(f"{experiment.name}: every trial with {given} would fail: {error}") from error


def _looked_at(experiment: Experiment) -> Iterator[Assignments]:
    values = {each.name: _values(each) for each in experiment.parameters}
    first = {name: found[0] for name, found in values.items() if found}
    yield first
    for name, found in values.items():
        yield from ({**first, name: value} for value in found[1:])


def _values(parameter: Parameter) -> list[str]:
    return parameter.values or [str(parameter.space[key]) for key in ("min", "max") if key in parameter.space]


def _words(experiment: Experiment, assignments: Assignments) -> list[str]:
    container = primary(experiment, trial_object(experiment, "trial", assignments))
    return [str(word) for key in ("command", "args") for word in container.get(key) or []]


def _check(task: str, words: Iterable[str]) -> None:
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if word.startswith("--"):
            _check_flag(name)
        elif equals and _EXPANDED not in value:
            given[name] = value
    check_trial(task, given)


def _check_flag(name: str) -> None:
    if name not in _FLAGS:
        near = did_you_mean(name, _FLAGS) or f"it has: {', '.join(_FLAGS)}"
        raise ConfigurationError(f"pylib trial has no option {name}; {near}")
