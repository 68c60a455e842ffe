"""Verb `retrain`: a pipeline trained again where its data has grown, and what pods do for that."""

import os
import socket
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup

from pylib.cli.parameters import PARAMETER, together
from pylib.cli.run import CLUSTER, run_here
from pylib.settings import settings

DATA = Annotated[
    str | None,
    typer.Option(help="repository@branch, read when the turn has come; default: master of the champion's"),
]


class Retraining(TyperGroup):
    """A command for each pipeline, beside the verbs of pods."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name the pipelines, then the verbs, without loading any."""
        from pylib.runners import pipelines

        return [*pipelines.names(), *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A verb, or else a pipeline; PipelineError where there is neither."""
        return super().get_command(ctx, cmd_name) or _command(cmd_name)


retrain_app = typer.Typer(
    cls=Retraining,
    no_args_is_help=True,
    help="Train a pipeline again, never two at once: `pylib retrain PIPELINE`.\n\n"
    "It starts where the data has a commit that the champion has not seen, with the parameters that the "
    "champion was trained with, where no others are given. A model that does not beat it on the same test "
    "items beyond chance is registered, not released.",
)

NAMESPACE = Annotated[str, typer.Option(help="the profile whose CronJob and Lease `retrain` these are")]


def _command(name: str) -> TyperCommand:
    from pylib.runners import pipelines

    pipelines.load(name)

    def command(
        data: DATA = None,
        weights: Annotated[str | None, typer.Option(help="first weights, where it takes any")] = None,
        parameter: PARAMETER = None,
        always: Annotated[bool, typer.Option("--always", help="though the data has nothing new")] = False,
        cluster: CLUSTER = False,
        namespace: Annotated[str | None, typer.Option(help="default: PYLIB_NAMESPACE, or ml")] = None,
    ) -> None:
        """Train it again where its data has a commit that the released model has not seen."""
        texts = together(parameter or [], {"data": data, "weights": weights})
        if cluster:
            on_cluster(name, texts, namespace, always=always)
        else:
            here(name, texts, always=always)

    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(name)(command)
    return cast("TyperCommand", typer.main.get_command(app))


def here(pipeline: str, texts: dict[str, str], *, always: bool) -> None:
    """Train on this machine when the turn has come."""
    from pylib.runners import arguments, checks, pipelines, retraining, source_effects

    console = Console(stderr=True, soft_wrap=True)
    given = checks.read(pipelines.load(pipeline), texts)

    def waiting() -> None:
        console.print("another retraining goes on here; waiting for its end", highlight=False)

    with retraining.turn(settings().output, waiting):
        needed = retraining.need(pipeline, given, always=always)
        console.print(f"{pipeline}: {needed.why}", highlight=False)
        if needed.arguments is not None:
            ready, said = arguments.here(pipeline, needed.arguments)
            finished = run_here(pipeline, ready, said)
            for line in source_effects.effects_of(str(ready["data"]), needed.seen, ready, finished.folder):
                console.print(line, highlight=False, markup=False)


def on_cluster(pipeline: str, texts: dict[str, str], namespace: str | None, *, always: bool) -> None:
    """Wait until no retraining goes on there, then submit one and follow it: what the CronJob calls."""
    from pylib.cli.run_cluster import report
    from pylib.runners import (
        arguments,
        checks,
        cluster_retraining,
        cluster_settings,
        pipelines,
        retraining,
        source_effects,
    )

    given = checks.read(pipelines.load(pipeline), texts)
    console, where = Console(stderr=True, soft_wrap=True), namespace or cluster_settings.namespace()
    trained: list[retraining.Need] = []

    def ready() -> dict[str, Any] | None:
        needed = retraining.need(pipeline, given, always=always)
        console.print(f"{pipeline}: {needed.why}", highlight=False)
        trained.append(needed)
        return arguments.for_cluster(pipeline, needed.arguments, where)[0] if needed.arguments else None

    finished = cluster_retraining.run(
        pipeline,
        ready,
        namespace=where,
        holder=f"{socket.gethostname()}-{os.getpid()}",
        listen=lambda task, words: console.print(f"{task}: {words}", highlight=False),
    )
    if finished:
        report(finished, console, as_json=False)
        for line in source_effects.where_to_ask(trained[-1]):
            console.print(line, highlight=False, markup=False)


@retrain_app.command()
def start(
    data: Annotated[str, typer.Argument(help="repository@branch, the pipeline's input")],
    namespace: NAMESPACE,
) -> None:
    """Make a Job of the CronJob for the commit at hand and wait for it: a Pachyderm pipeline's worker."""
    from pylib.runners import data_commit

    console = Console(stderr=True, soft_wrap=True)
    job = data_commit.start(
        data, os.environ, namespace=namespace, listen=lambda said: console.print(said, highlight=False)
    )
    if job:
        console.print(f"Job {namespace}/{job} succeeded", highlight=False)


@retrain_app.command()
def pipeline(file: Annotated[Path, typer.Argument(help="a Pachyderm pipeline's specification")]) -> None:
    """Make Pachyderm's pipeline what the file says; one that is so already is left alone."""
    from pylib.runners import pachyderm_pipeline
    from pylib.store.pachd import Pachd

    spec = pachyderm_pipeline.read(file)
    pachd = Pachd.from_environment()
    try:
        done = pachyderm_pipeline.ensure(pachd, spec)
    finally:
        pachd.close()
    Console(soft_wrap=True).print(f"pipeline {spec['pipeline']['name']}: {done}", highlight=False)
