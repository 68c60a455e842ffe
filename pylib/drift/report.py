"""report.html of a comparison with the reference: one self-contained page; the same input, the same text."""

from collections.abc import Sequence

import jinja2
from markupsafe import Markup

from pylib.data.charts import paired_bars
from pylib.drift import templates
from pylib.drift.compare import FEWEST, Drift
from pylib.drift.stability import LEVEL, SHIFT

FILE = "report.html"


def render(name: str, digest: str, since: str, drifts: Sequence[Drift]) -> str:
    """Return the page of the served model of that name and digest; since: of what time the requests are."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(list(templates.__path__)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        name=name,
        digest=digest,
        since=since,
        drifts=drifts,
        charts={each.feature: Markup(_chart(each)) for each in drifts},  # noqa: S704 - charts escape names
        shift=SHIFT,
        level=LEVEL,
        fewest=FEWEST,
    )


def _chart(drift: Drift) -> str:
    of_reference, of_log = (_shares(counts) for counts in (drift.expected, drift.actual))
    return paired_bars(dict(zip(drift.bins, zip(of_reference, of_log, strict=True), strict=True)))


def _shares(counts: Sequence[int]) -> list[float]:
    return [count / max(1, sum(counts)) for count in counts]
