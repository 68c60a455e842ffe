"""Verbs `run` and `compile`: a pipeline on this machine or on a cluster, and what a cluster gets."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from pylib.errors import PipelineError
from pylib.provenance.materials import ROOT
from pylib.settings import settings

if TYPE_CHECKING:
    from pylib.runners.local import Run
    from pylib.runners.step_logs import StepRun

PIPELINE = Annotated[str, typer.Argument(help="a pipeline of pipelines/, such as segmentation")]
PARAMETER = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", help="name=value, the value as JSON or as text; may be repeated"),
]


def run(
    pipeline: PIPELINE,
    data: Annotated[str, typer.Option(help="repository@branch or repository@commit in the data store")],
    weights: Annotated[
        str,
        typer.Option(help="the encoder's first weights: none, imagenet, a file, or repository@commit:path"),
    ] = "none",
    parameter: PARAMETER = None,
    cluster: Annotated[bool, typer.Option("--cluster", help="submit to Kubeflow Pipelines")] = False,
    namespace: Annotated[
        str | None, typer.Option(help="profile on a multi-user cluster; default: PYLIB_NAMESPACE, or ml")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Run a pipeline: here, step by step in subprocesses, or with --cluster on Kubeflow Pipelines."""
    from pylib.runners import arguments

    given = {"weights": weights, **parameters(parameter or [])}
    if cluster:
        from pylib.cli.run_cluster import run_on_cluster

        run_on_cluster(pipeline, data, given, namespace, as_json=as_json)
        return
    finished = _run_here(pipeline, arguments.pinned({"data": data, **given}))
    if as_json:
        seconds = {step.name: round(step.seconds, 3) for step in finished.steps}
        print(json.dumps({"run": str(finished.folder), "seconds": finished.seconds, "steps": seconds}))  # noqa: T201


def compile_pipelines(
    pipeline: Annotated[str | None, typer.Argument(help="one pipeline; all without it")] = None,
    check: Annotated[bool, typer.Option("--check", help="write nothing, fail where a file is stale")] = False,
) -> None:
    """Write pipelines/compiled/, which is what a cluster gets."""
    from pylib.runners import pipelines

    for name in [pipeline] if pipeline else pipelines.names():
        for target, fresh in pipelines.compiled(name).items():
            if check and (not target.is_file() or target.read_bytes() != fresh):
                raise PipelineError(f"{target}: not what pipelines/{name}.py compiles to; run `make compile`")
            if not check:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(fresh)
            Console().print(f"{target.relative_to(ROOT)} is current")


def parameters(given: list[str]) -> dict[str, Any]:
    """What `-p name=value` gave, each value as JSON where it is such; PipelineError for another form."""
    found: dict[str, Any] = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise PipelineError(f"--parameter {item!r}: not name=value")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _run_here(pipeline: str, arguments: dict[str, Any]) -> "Run":
    from pylib.runners import local

    place = settings()
    os.environ["PYLIB_OUTPUT"] = str(place.output)  # the steps run in processes of their own
    os.environ.setdefault("PYLIB_CACHE", str(place.output / "cache"))
    console = Console(stderr=True)
    with console.status(f"{pipeline}: starting") as status:

        def listen(step: "StepRun", line: str | None) -> None:
            status.update(f"{step.name}: {line or 'starting'}"[: console.width - 4])
            if step.succeeded is not None:
                mark = "[green]✓[/]" if step.succeeded else "[red]✗[/]"
                console.print(f"{mark} {step.name:<10} {step.seconds:6.1f} s", highlight=False)

        finished = local.run(pipeline, arguments, place.output / "runs", listen)
    _point_latest(place.output, finished.folder)
    return finished


def _point_latest(output: Path, folder: Path) -> None:
    """Make out/latest name the newest finished run."""
    link = output / ".latest"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.relative_to(output))
    link.replace(output / "latest")
