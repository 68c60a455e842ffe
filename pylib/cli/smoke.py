"""Verb `smoke`, which a pod runs: the smallest pipeline on the cluster, as Argo CD asks after a sync."""

from typing import Annotated

import typer
from rich.console import Console


def smoke(
    namespace: Annotated[str, typer.Option(help="the profile that the run belongs to")],
    minutes: Annotated[float, typer.Option(min=1, help="how long it may take, the waiting with it")] = 15,
) -> None:
    """Run the pipeline `tabular` on Kubeflow Pipelines, no step from its cache; fail where it does."""
    from pylib.cli.run_cluster import report
    from pylib.runners import arguments
    from pylib.runners import smoke as runner

    console = Console(stderr=True, soft_wrap=True)
    finished = runner.run(
        lambda: arguments.for_cluster(runner.PIPELINE, {}, namespace)[0],
        namespace=namespace,
        minutes=minutes,
        listen=lambda task, words: console.print(f"{task}: {words}", highlight=False),
    )
    report(finished, console, as_json=False)
