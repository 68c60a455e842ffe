"""Retraining on a cluster, never two at once: each waits for its turn and then takes the newest data.

Two things keep runs apart. A Lease lets one process at a time submit and follow. And a run outlives the
process that followed it, so whoever has the turn first waits until Kubeflow Pipelines has no unfinished run
of the experiment.
"""

import time
from collections.abc import Callable
from typing import Any

from pylib.errors import PipelineError
from pylib.kubernetes_api import KubernetesApi
from pylib.runners import cluster, connection, following, lease
from pylib.runners.cluster import ClusterRun
from pylib.runners.connection import Connection
from pylib.runners.following import Listener

EXPERIMENT = "retrain"
"""The experiment of all retrainings, so that they are seen apart from what people try."""
PATIENCE = 600.0
"""Seconds for which Kubeflow Pipelines may be away once it has answered."""


def run(
    pipeline: str,
    arguments: Callable[[], dict[str, Any] | None],
    *,
    namespace: str,
    holder: str,
    listen: Listener = lambda _task, _state: None,
    hours: float = 24,
    poll_seconds: float = 5,
    lease_seconds: float = lease.SECONDS,
) -> ClusterRun | None:
    """Wait for the turn and for the run before, then submit and follow; each for at most `hours`.

    `arguments` is called when the turn has come: a branch is read then, so that what was committed while we
    waited is trained too; where it gives None there is nothing to train. Raises PipelineError.
    """
    deadline = time.monotonic() + hours * 3600
    api = KubernetesApi()
    with lease.taken(
        api, namespace, holder, lambda said: listen("turn", said), hours=hours, seconds=lease_seconds
    ) as mine:
        there = connection.connect(namespace)
        _wait_for_others(there, deadline, listen, poll_seconds)
        given = arguments()
        if given is None:
            return None
        mine.check()
        submitted = cluster.submit(pipeline, given, there, experiment=EXPERIMENT)
        listen("turn", f"run {submitted.id}: {submitted.where}")
        return following.follow(submitted, there, listen, hours=hours, poll_seconds=poll_seconds)


def _wait_for_others(there: Connection, deadline: float, listen: Listener, poll_seconds: float) -> None:
    """Until no run of the experiment is unfinished: one may go on though who followed it is gone."""
    told = ""
    answered = float("-inf")
    while True:
        try:
            going = cluster.unfinished(EXPERIMENT, there)
            answered = time.monotonic()
        except PipelineError as error:
            if time.monotonic() - answered > PATIENCE:
                raise
            reason = str(error)
        else:
            if not going:
                return
            reason = f"waiting for run {', '.join(going)} to end"
        if reason != told:
            listen("turn", reason)
            told = reason
        if time.monotonic() > deadline:
            raise PipelineError(f"retraining was not started in time: {told}; look at it in the dashboard")
        time.sleep(poll_seconds)
