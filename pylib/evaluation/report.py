"""report.html: one self-contained page with the gate's lines, the metrics and what the task shows of them."""

from collections.abc import Mapping

import jinja2

from pylib.evaluation import templates
from pylib.evaluation.champion import Comparison
from pylib.evaluation.record import Evaluation
from pylib.metric_names import title
from pylib.tasks import task

_OWN, _BASE = "report.html.j2", "base.html.j2"


def render(evaluation: Evaluation, panels: Mapping[str, object], champion: Comparison | None = None) -> str:
    """Return the page, of the task's template where it has one, which is given `panels` too.

    It refers to nothing outside itself, and the same input gives the same text.
    """
    folders = [*task.find(evaluation.task).templates(), *templates.__path__]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["title_of"] = title
    return environment.select_template([_OWN, _BASE]).render(
        evaluation=evaluation, champion=champion, **panels
    )
