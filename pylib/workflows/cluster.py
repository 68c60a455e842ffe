"""A pipeline run on a cluster: submitted to the Kubeflow Pipelines API and followed until it ends.

The endpoint is `KF_PIPELINES_ENDPOINT`, as in the KFP SDK; inside a cluster none is needed. Whom we are:
a bearer token (`KF_PIPELINES_TOKEN`), else a projected service-account token where one is mounted
(`KF_PIPELINES_SA_TOKEN_PATH`), else nobody, which a single-user installation takes.
"""

import os
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pylib.errors import PipelineError
from pylib.workflows import pipelines

ENDED = {"SUCCEEDED", "FAILED", "CANCELED", "SKIPPED"}


@dataclass(frozen=True)
class ClusterRun:
    """A run on a cluster: its id, its address in the dashboard, its state as the API names it."""

    id: str
    url: str
    state: str


Listener = Callable[[str, str], None]


def run(
    name: str,
    arguments: dict[str, Any],
    *,
    namespace: str | None = None,
    experiment: str | None = None,
    listen: Listener = lambda _task, _state: None,
    hours: float = 24,
    poll_seconds: float = 5,
) -> ClusterRun:
    """Submit a pipeline and follow it; `listen` hears every task's change of state.

    Raises PipelineError when the API cannot be reached or refuses, or the run does not succeed in time.
    """
    pipelines.check_arguments(pipelines.load(name), arguments)
    client = connect()
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / f"{name}.yaml"
        pipelines.compile_pipeline(name, package)
        submitted = _call(
            client.create_run_from_pipeline_package,
            str(package),
            arguments=arguments,
            namespace=namespace,
            experiment_name=experiment or name,
        )
    address = f"{getattr(client, '_uihost', '')}/#/runs/details/{submitted.run_id}"
    return _follow(client, submitted.run_id, address, listen, time.monotonic() + hours * 3600, poll_seconds)


def unfinished(experiment: str, namespace: str) -> list[str]:
    """The ids of the runs of an experiment that have not ended; one just submitted has no state yet."""
    client = connect()
    made = _call(client.create_experiment, experiment, namespace=namespace)  # or finds it
    found: list[str] = []
    token = ""
    while True:
        page = _call(
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


def connect() -> Any:
    """A KFP client for the endpoint and the credentials that the environment names."""
    import kfp

    check()
    token = os.environ.get("KF_PIPELINES_TOKEN")
    mounted = _projected()
    credentials = kfp.client.ServiceAccountTokenVolumeCredentials(str(mounted)) if mounted else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _call(kfp.Client, existing_token=token, credentials=credentials)


def _endpoint() -> str:
    return os.environ.get("KF_PIPELINES_ENDPOINT", "http://ml-pipeline.kubeflow:8888").rstrip("/")


def _projected() -> Path | None:
    """The mounted service-account token, where there is one and no other token is given."""
    file = Path(os.environ.get("KF_PIPELINES_SA_TOKEN_PATH", "/var/run/secrets/kubeflow/pipelines/token"))
    return file if file.is_file() and not os.environ.get("KF_PIPELINES_TOKEN") else None


def check() -> None:
    """Ask once whether anybody is there and lets us in: the SDK asks five times, with a traceback each.

    Raises PipelineError.
    """
    import requests

    mounted = _projected()
    token = mounted.read_text().strip() if mounted else os.environ.get("KF_PIPELINES_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = requests.get(f"{_endpoint()}/apis/v2beta1/healthz", headers=headers, timeout=15)
    except requests.RequestException as error:
        reason = type(error).__name__
        raise PipelineError(
            f"Kubeflow Pipelines at {_endpoint()}: {reason}; set KF_PIPELINES_ENDPOINT to its address"
        ) from error
    if not answer.ok:
        raise _refused(answer.status_code, answer.reason)


def _refused(status: int, reason: str) -> PipelineError:
    return PipelineError(
        f"Kubeflow Pipelines at {_endpoint()} answered {status} {reason}; "
        "check KF_PIPELINES_TOKEN, the namespace and the parameters"
    )


def _follow(
    client: Any, run_id: str, url: str, listen: Listener, deadline: float, poll_seconds: float
) -> ClusterRun:
    seen: dict[str, str] = {}
    while time.monotonic() < deadline:
        current = _call(client.get_run, run_id)
        for task in (current.run_details and current.run_details.task_details) or []:
            if task.state and seen.get(task.task_id) != task.state:
                seen[task.task_id] = task.state
                listen(task.display_name, task.state)
        if current.state in ENDED:
            return _ended(ClusterRun(run_id, url, current.state), current)
        time.sleep(poll_seconds)
    raise PipelineError(f"run {run_id}: not finished in time; it goes on at {url}")


def _ended(run: ClusterRun, details: Any) -> ClusterRun:
    if run.state == "SUCCEEDED":
        return run
    tasks = (details.run_details and details.run_details.task_details) or []
    failed = [task.display_name for task in tasks if task.state == "FAILED"]
    raise PipelineError(f"run {run.id} {run.state.lower()} in {', '.join(failed) or 'no step'}: {run.url}")


def _call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call the API; whatever it raises becomes one line that names the endpoint."""
    import kfp_server_api
    import urllib3.exceptions

    try:
        return function(*args, **kwargs)
    except kfp_server_api.ApiException as error:
        raise _refused(error.status, error.reason) from error
    except (urllib3.exceptions.HTTPError, OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PipelineError(f"Kubeflow Pipelines at {_endpoint()}: {reason}; is it of version 2?") from error
