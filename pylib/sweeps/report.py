"""report.html of a search: one self-contained page, and the same input gives the same text."""

from collections.abc import Sequence

import jinja2

from katib.experiment import Experiment
from katib.observation import maximizes
from pylib.palette import class_colour
from pylib.sweeps import figures, templates
from pylib.sweeps.importance import importances
from pylib.sweeps.search import best_of
from pylib.sweeps.state import Trial

FILE = "report.html"
_AXES = 24  # characters of a value at an axis


def render(experiment: Experiment, trials: Sequence[Trial], data: str = "") -> str:
    """Return the page; data: repository@commit, empty for none."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(list(templates.__path__)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = figures.rows(experiment, trials)
    values = [row.value for row in rows if row.value is not None]
    curves = [value for row in rows for value in row.curve] or [0.0]
    points = [(row.trial.assignments, row.value) for row in rows if row.value is not None]
    return environment.get_template("report.html.j2").render(
        experiment=experiment,
        data=data,
        rows=rows,
        best=best_of(experiment, trials),
        objective=str(experiment.objective.get("objectiveMetricName")),
        maximizes=maximizes(experiment),
        goal=experiment.objective.get("goal"),
        low=min(values, default=0.0),
        high=max(values, default=1.0),
        curve_low=min(curves),
        curve_high=max(curves),
        longest=max((len(row.curve) for row in rows), default=1),
        axes=[(each.name, *_ends(each.values, each.space)) for each in experiment.parameters],
        importances=importances(experiment, points),
        stopped=figures.stopped(rows),
        seconds=sum(each.seconds for each in trials),
        colour=class_colour,
    )


def _ends(listed: list[str], space: object) -> tuple[str, str]:
    """What stands at the lower and at the upper end of an axis."""
    if listed:
        return listed[0][:_AXES], listed[-1][:_AXES]
    told = dict(space) if isinstance(space, dict) else {}
    return str(told.get("min", "")), str(told.get("max", ""))
