"""Verbs `retrain …`, which pods run: a training in its turn, what a commit of data starts, its pipeline."""

import os
import socket
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pylib.cli.parameters import PARAMETER, together

retrain_app = typer.Typer(no_args_is_help=True, help="Train again on a cluster, never two at once")

NAMESPACE = Annotated[str, typer.Option(help="the profile whose CronJob and Lease `retrain` these are")]


@retrain_app.command()
def run(
    pipeline: Annotated[str, typer.Argument(help="a pipeline of pipelines/, such as segmentation")],
    data: Annotated[str, typer.Option(help="repository@branch; read when the turn has come")],
    namespace: NAMESPACE,
    weights: Annotated[str | None, typer.Option(help="first weights, where the pipeline takes any")] = None,
    parameter: PARAMETER = None,
) -> None:
    """Wait until no retraining goes on, then submit one and follow it: the CronJob's pod."""
    from pylib.cli.run_cluster import report
    from pylib.runners import arguments, checks, pipelines, retrain

    texts = together(parameter or [], {"data": data, "weights": weights})
    given = checks.read(pipelines.load(pipeline), texts)
    console = Console(stderr=True, soft_wrap=True)
    finished = retrain.run(
        pipeline,
        lambda: arguments.for_cluster(pipeline, given, namespace)[0],
        namespace=namespace,
        holder=socket.gethostname(),  # a pod's name
        listen=lambda task, words: console.print(f"{task}: {words}", highlight=False),
    )
    report(finished, console, as_json=False)


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
