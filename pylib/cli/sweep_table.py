"""How a search stands, as a table that changes while it goes on; without a terminal a line for each trial."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from katib.counting import Status
from katib.experiment import Experiment
from pylib.sweeps.progress import lines, parameters, short
from pylib.sweeps.search import Listen, best_of, value_of
from pylib.sweeps.state import Trial

_SHOWN = 24  # rows, of the newest trials
_COLOURS = {
    Status.SUCCEEDED: "green",
    Status.RUNNING: "cyan",
    Status.EARLY_STOPPED: "yellow",
    Status.FAILED: "red",
    Status.METRICS_UNAVAILABLE: "red",
}


@contextmanager
def shown(console: Console) -> Iterator[Callable[[Experiment], Listen]]:
    """Something that listens to a search, for as long as the block lasts."""
    if not console.is_terminal:
        yield partial(lines, partial(console.print, markup=False, highlight=False, soft_wrap=True))
        return
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        yield lambda experiment: lambda trials, seconds: live.update(table(experiment, trials, seconds))


def table(experiment: Experiment, trials: Sequence[Trial], seconds: Mapping[int, float]) -> Table:
    """The newest trials, the best of all marked; seconds: of those that run."""
    most = experiment.count("maxTrialCount")
    made = Table(title=f"{experiment.name}: {len(trials)} of {most or '?'} trials", box=None, padding=(0, 1))
    objective = str(experiment.objective.get("objectiveMetricName"))
    for name in ("", "trial", "status", objective, "seconds", "parameters"):
        made.add_column(name, overflow="fold" if name == "parameters" else "ellipsis")
    best = best_of(experiment, trials)
    for each in trials[-_SHOWN:]:
        value = value_of(experiment, each)
        made.add_row(
            "★" if best and best.number == each.number else "",
            str(each.number + 1),
            f"[{_COLOURS[each.status]}]{each.status}[/]",
            "" if value == "unavailable" else short(value),
            f"{each.seconds + seconds.get(each.number, 0):.0f}",
            escape(parameters(each)),
        )
    return made
