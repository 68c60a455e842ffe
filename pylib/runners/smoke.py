"""Whether a cluster's pipelines work: the smallest one, run anew to its end within a time."""

import time
from collections.abc import Callable
from typing import Any

from pylib.errors import PipelineError, StoreError
from pylib.runners import cluster, connection, following
from pylib.runners.cluster import ClusterRun
from pylib.runners.connection import Connection
from pylib.runners.following import Listener

PIPELINE = "tabular"
EXPERIMENT = "smoke"
"""The experiment of these runs, so that they are seen apart from what people try."""


def run(
    arguments: Callable[[], dict[str, Any]],
    *,
    namespace: str,
    minutes: float,
    listen: Listener = lambda _task, _state: None,
    poll_seconds: float = 5,
) -> ClusterRun:
    """Wait for Kubeflow Pipelines and the data's store, submit, and follow; all within so many minutes.

    `arguments` is called once somebody answers, since it may write to the store. Raises PipelineError in one
    line where nobody answers, no worker takes a step, or the run fails.
    """
    deadline = time.monotonic() + 60 * minutes
    there, given = _ready(
        lambda: (connection.connect(namespace), arguments()), deadline, listen, poll_seconds
    )
    submitted = cluster.submit(PIPELINE, given, there, experiment=EXPERIMENT, anew=True)
    listen(EXPERIMENT, f"run {submitted.id}: {submitted.where}")
    hours = max(0.0, deadline - time.monotonic()) / 3600
    return following.follow(submitted, there, listen, hours=hours, poll_seconds=poll_seconds)


def _ready(
    attempt: Callable[[], tuple[Connection, dict[str, Any]]],
    deadline: float,
    listen: Listener,
    poll_seconds: float,
) -> tuple[Connection, dict[str, Any]]:
    """What an attempt gives, tried again until the deadline: at a cluster's first start all comes up."""
    told = ""
    while True:
        try:
            return attempt()
        except (PipelineError, StoreError) as error:
            if time.monotonic() > deadline:
                raise
            if str(error) != told:
                listen(EXPERIMENT, f"{error}; tried again")
                told = str(error)
        time.sleep(poll_seconds)
