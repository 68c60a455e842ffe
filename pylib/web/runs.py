"""Runs: those of this machine with steps and figures, live while they go on; the newest on a cluster."""

import os
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from pylib.data.browsing import Page, page_of
from pylib.errors import NotFoundError, PipelineError, one_line
from pylib.runners import history
from pylib.runners.runs import REPORTS, LocalRun, count, figures, last_lines, local_run, local_runs, report
from pylib.runners.source_effects import kept_effects
from pylib.web.data import number
from pylib.web.item_pictures import SANDBOX
from pylib.web.page import Asked, page, render

RUNS = 20
"""On a page."""
_FIGURES = ("data_commit", "model_sha256", "gate", "release_commit")


def _overview(asked: Asked) -> Response:
    root = asked.site.settings.output / "runs"
    total = count(root)
    wanted = page_of(range(total), number(asked.query.get("page")), RUNS)
    found = local_runs(root, skip=(wanted.number - 1) * RUNS, limit=RUNS)
    return render(
        asked, "runs.html.j2", runs=Page(found, wanted.number, wanted.pages, total),
        pipelines=_pipelines(), cluster=_cluster(asked),
        shown=lambda run: figures(run.folder) if run.record.state in {"succeeded", "unknown"} else {},
    )  # fmt: skip


def _pipelines() -> str:
    """Where Kubeflow Pipelines' own page lists its runs, as this installation names it; empty elsewhere.

    The dashboard's where that is named, else that of the host which answers for the API.
    """
    dashboard, endpoint = (os.environ.get(name, "") for name in ("PYLIB_DASHBOARD", "KF_PIPELINES_ENDPOINT"))
    where = f"{dashboard.rstrip('/')}/_/pipeline/#/runs" if dashboard else f"{endpoint.rstrip('/')}/#/runs"
    return where if urlsplit(where).scheme in {"http", "https"} else ""


def _cluster(asked: Asked) -> dict[str, Any]:
    """The newest run that was started on a cluster from here, as it was last looked at."""
    try:
        run = history.kept(asked.site.settings.output)
    except PipelineError as error:
        return {"trouble": one_line(error)}
    return {"run": run[0], "facts": run[1]} if run else {}


def _one(asked: Asked) -> Response:
    run = _found(asked)
    return render(asked, "run.html.j2", **_values(run))


def _steps(asked: Asked) -> Response:
    """The part of the page that changes while a run goes on."""
    return render(asked, "run_steps.html.j2", **_values(_found(asked)))


def _values(run: LocalRun) -> dict[str, Any]:
    shown = figures(run.folder) if run.record.state in {"succeeded", "unknown"} else {}
    return {
        "run": run,
        "record": run.record,
        "figures": {key: value for key, value in shown.items() if key not in _FIGURES},
        "known": {key: shown[key] for key in _FIGURES if key in shown},
        "effects": kept_effects(run.folder),
        "reports": [kind for kind in REPORTS if report(run, kind)],
        "said": {
            step.name: last_lines(run, step, 6 if step.state == "running" else 20)
            for step in run.record.steps
        },
    }


def _report(asked: Asked) -> Response:
    """A page that a run has made: shown in a sandbox, where it runs nothing and asks nobody."""
    run, kind = _found(asked), asked.path["kind"]
    found = report(run, kind)
    if found is None:
        raise NotFoundError(f"run {run.name} has made no page {kind[:40]!r}")
    return Response(found.read_bytes(), media_type="text/html", headers={"Content-Security-Policy": SANDBOX})


def _found(asked: Asked) -> LocalRun:
    run = local_run(asked.site.settings.output / "runs", asked.path["name"])
    if run is None:
        raise NotFoundError("there is no such run on this machine")
    return run


routes = [
    page("/runs", _overview),
    page("/runs/{name}", _one),
    page("/runs/{name}/steps", _steps),
    page("/runs/{name}/report/{kind}", _report),
]
