"""report.html: one self-contained page with the gate's lines, the metrics and what the task shows of them.

What the page is made of lies beside it, evaluation.json and panels.json; a notebook shows the same sections.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from pydantic_core import to_jsonable_python

from pylib.errors import ReleaseError
from pylib.evaluation import templates
from pylib.evaluation.champion import Comparison, read_comparison
from pylib.evaluation.record import Evaluation, read_evaluation
from pylib.evaluation.runs import newest
from pylib.metric_names import title
from pylib.settings import settings
from pylib.tasks import task

PANELS = "panels.json"
_ORDER, _FIGURES = "order", ("metrics", "parity")
_OWN, _BASE = "report.html.j2", "base.html.j2"
_SECTION = re.compile(r"<!-- section (\w+) -->\n(.*?)<!-- end of section -->\n", re.DOTALL)


@dataclass(frozen=True, repr=False)
class Section:
    """A part of the page, as a notebook shows it; empty where the evaluation has nothing of that kind."""

    html: str

    def __repr__(self) -> str:
        return f"{len(self.html)} characters of HTML"

    def _repr_html_(self) -> str:
        return self.html


class Report:
    """The sections of an evaluation's page, by name."""

    def __init__(self, evaluation: Evaluation, page: str) -> None:
        self.evaluation = evaluation
        self._sections = dict(_SECTION.findall(page))

    def section(self, name: str) -> Section:
        """The section of that name; KeyError where no page has one."""
        return Section(self._sections[name])


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
    shown = {"leaderboard": None, "calibration": None, "sides": [], **panels}
    return environment.select_template([_OWN, _BASE]).render(
        evaluation=evaluation, champion=champion, **shown
    )


def dumped(evaluation: Evaluation, panels: Mapping[str, object]) -> bytes:
    """What panels.json holds: the panels as JSON, pictures as data URIs, and the order of figures."""
    order = {name: list(getattr(evaluation, name)) for name in _FIGURES}
    content: Any = {_ORDER: order, **to_jsonable_python(dict(panels))}
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"


def read_report(folder: Path | str | None = None) -> Report:
    """Read what `evaluate` wrote into a folder; by default, the newest that a run made.

    Raises ReleaseError where it is missing or was written before there was panels.json.
    """
    place = Path(folder) if folder else _newest()
    evaluation = read_evaluation(place)
    try:
        panels = json.loads((place / PANELS).read_bytes())
        order = panels.pop(_ORDER)
    except (OSError, ValueError, KeyError) as error:
        raise ReleaseError(f"{place / PANELS}: {error}; evaluate the model again") from error
    figures = {name: {one: getattr(evaluation, name)[one] for one in order[name]} for name in _FIGURES}
    evaluation = evaluation.model_copy(update=figures)
    return Report(evaluation, render(evaluation, panels, read_comparison(place)))


def _newest() -> Path:
    output = settings().output
    found = newest(output)
    if found is None:
        raise ReleaseError(f"{output / 'runs'} has no evaluation: run a pipeline, or name a folder of one")
    return found.folder
