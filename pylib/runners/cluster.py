"""A pipeline run on a cluster: submitted to the Kubeflow Pipelines API, and looked at."""

import tempfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pylib.runners import checks, cluster_settings, pipelines, pods, tasks
from pylib.runners.connection import Connection, call
from pylib.runners.tasks import Task

ENDED = {"SUCCEEDED", "FAILED", "CANCELED", "SKIPPED"}


@dataclass(frozen=True)
class ClusterRun:
    """A run on a cluster: its id, its page, its state as the API names it, its tasks, its time in seconds."""

    pipeline: str
    id: str
    namespace: str
    url: str
    state: str = "PENDING"
    tasks: tuple[Task, ...] = field(default=(), compare=False)
    seconds: float = field(default=0.0, compare=False)

    @property
    def overhead(self) -> float:
        """What Kubeflow Pipelines adds: the run's seconds in which none of its tasks was at work."""
        return max(0.0, self.seconds - tasks.busy_seconds(self.tasks))

    @property
    def where(self) -> str:
        """Where a person sees it, and the command that shows what its steps print."""
        return f"{self.url or 'the dashboard, Runs'}; its logs: {pods.command(self.id, self.namespace)}"

    @property
    def ending(self) -> str:
        """How a person ends it; pylib's own account may not."""
        chosen = f"-n {self.namespace} workflows.argoproj.io"
        change = '{"spec":{"shutdown":"Terminate"}}'
        return (
            f"kubectl get {chosen} -l {pods.LABEL}={self.id} -o name | "
            f"xargs kubectl patch -n {self.namespace} --type=merge -p '{change}'"
        )


def submit(
    name: str,
    arguments: dict[str, Any],
    connection: Connection,
    *,
    experiment: str = "",
    anew: bool = False,
) -> ClusterRun:
    """Check the arguments and submit a pipeline; PipelineError where the API refuses it.

    `experiment` is by default the pipeline's name; `anew` takes no step from Kubeflow Pipelines' cache.
    """
    arguments = checks.checked(pipelines.load(name), arguments)
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / f"{name}.yaml"
        pipelines.compile_pipeline(name, package)
        submitted = call(
            connection.client.create_run_from_pipeline_package,
            str(package),
            arguments=arguments,
            namespace=connection.namespace,
            experiment_name=experiment or name,
            enable_caching=False if anew else None,
        )
    where = connection.namespace or cluster_settings.ONE_USER
    return ClusterRun(name, submitted.run_id, where, cluster_settings.page(submitted.run_id, where))


def unfinished(experiment: str, connection: Connection) -> list[str]:
    """The ids of the runs of an experiment that have not ended; one just submitted has no state yet."""
    client, namespace = connection.client, connection.namespace
    made = call(client.create_experiment, experiment, namespace=namespace)  # or finds it
    found: list[str] = []
    token = ""
    while True:
        page = call(
            client.list_runs,
            experiment_id=made.experiment_id,
            namespace=namespace,
            page_size=100,
            page_token=token,
        )
        found += [run.run_id for run in page.runs or [] if run.state not in ENDED]
        token = page.next_page_token or ""
        if not token:
            return found


def look(run: ClusterRun, connection: Connection) -> tuple[ClusterRun, list[Any]]:
    """The run as it is now, and the API's details of which that was made."""
    now = call(connection.client.get_run, run.id)
    details = list((now.run_details and now.run_details.task_details) or [])
    own = tasks.own(details, tasks.names(pipelines.specification(run.pipeline)))
    ended = now.finished_at if now.finished_at and now.finished_at.year > 1970 else datetime.now(UTC)  # noqa: PLR2004
    seconds = (ended - now.created_at).total_seconds()
    return replace(run, state=now.state or "PENDING", tasks=tuple(own), seconds=seconds), details
