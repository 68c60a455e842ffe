"""What a search came to, wherever it ran."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

from katib.counting import Ending
from katib.experiment import Experiment
from katib.values import Assignments
from pylib.sweeps.progress import lines
from pylib.sweeps.reading import Sweep
from pylib.sweeps.search import Listen


class Found(NamedTuple):
    """How it ended, how many trials there were, and the best; `value` is the text that Katib compares."""

    ending: Ending
    trials: int
    trial: str
    assignments: Assignments
    value: str


class Watch(NamedTuple):
    """Who looks on: at trials here, or at lines of what becomes of a search elsewhere."""

    trials: Callable[[Experiment], Listen]
    lines: Callable[[str], None]


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201


LOG = Watch(partial(lines, _print), _print)
"""A step's own log."""
NOBODY = Watch(lambda _experiment: lambda _trials, _seconds: None, lambda _line: None)


class Place(Protocol):
    """Where a search runs."""

    def search(self, sweep: Sweep, watch: Watch) -> Found:
        """Run it to its end, or go on with it; raises SweepError or PipelineError."""
        ...
