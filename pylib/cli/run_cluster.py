"""What `run --cluster` says: a line for each of the pipeline's own tasks, and where to look then."""

import json
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from pylib.settings import settings

if TYPE_CHECKING:
    from pylib.runners.cluster import ClusterRun


def run_on_cluster(pipeline: str, given: dict[str, Any], namespace: str | None, *, as_json: bool) -> None:
    """Submit a pipeline and follow it; interrupted, say that the run goes on."""
    from pylib.runners import arguments, cluster, cluster_settings, connection, following, history, pods

    console = Console(stderr=True, soft_wrap=True)
    # Whether we are let in goes first: a store that is not there may take a minute to say so.
    there = connection.connect(namespace)
    where = there.namespace or cluster_settings.namespace()
    ready, done = arguments.for_cluster(pipeline, given, where)
    for line in done:
        console.print(line, highlight=False)
    submitted = cluster.submit(pipeline, ready, there)
    history.keep(settings().output, submitted)
    console.print(f"run {submitted.id}: {submitted.where}", highlight=False)
    try:
        finished = following.follow(
            submitted, there, lambda task, words: console.print(f"{task}: {words}", highlight=False)
        )
    except KeyboardInterrupt:
        console.print(
            f"run {submitted.id} goes on; `pylib status` shows how far it is; to end it: its page, or "
            f"{submitted.ending}",
            highlight=False,
        )
        raise
    history.keep(settings().output, finished)
    wanted = {task.name for task in finished.tasks}
    for task, words in pods.warnings(finished.id, finished.namespace, wanted):
        console.print(f"[yellow]![/] {task}: {escape(words)}", highlight=False)
    report(finished, console, as_json=as_json)


def report(run: "ClusterRun", console: Console, *, as_json: bool) -> None:
    """The seconds of each step, and beside them what Kubeflow Pipelines adds."""
    from pylib.runners import history

    if as_json:
        print(json.dumps(history.facts(run)))  # noqa: T201
        return
    for task in run.tasks:
        console.print(f"{task.name:<10} {task.seconds:6.1f} s", highlight=False)
    console.print(f"{run.state.lower()} in {run.seconds:.0f} s, of which {run.overhead:.0f} s are Kubeflow "
                  f"Pipelines' own: {run.where}", highlight=False)  # fmt: skip
