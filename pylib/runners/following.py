"""A run on a cluster followed until it ends: what becomes of each task, why one waits, why one failed."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pylib.errors import PipelineError
from pylib.runners import pipelines, pods, tasks
from pylib.runners.cluster import ENDED, ClusterRun, look
from pylib.runners.connection import Connection
from pylib.runners.tasks import Task
from pylib.runners.waiting import Waiting

FAULTS = 5
"""A port-forward that breaks off is restored within so many looks; longer is a lost line."""

Listener = Callable[[str, str], None]


def follow(
    run: ClusterRun,
    connection: Connection,
    listen: Listener = lambda _task, _words: None,
    *,
    hours: float = 24,
    poll_seconds: float = 5,
) -> ClusterRun:
    """Wait for a run's end; `listen` hears what becomes of each of the pipeline's own tasks.

    Raises PipelineError with the failed step's own last words, or where the run does not end in time.
    """
    waiting = Waiting(run, tasks.names(pipelines.specification(run.pipeline)))
    seen: dict[str, str] = {}
    last = ""
    for current, details in _looks(run, connection, hours, poll_seconds):
        for task in current.tasks:
            if task.state and seen.get(task.id or task.name) != task.state:
                seen[task.id or task.name] = task.state
                listen(task.name, task.state.lower())
        for name, words in waiting.news(details, current.tasks):
            last = f" ({name} {words})"
            listen(name, words)
        if current.state in ENDED:
            return ended(current)
    raise PipelineError(f"run {run.id}: not finished in {hours:.3g} hours{last}; it goes on: {run.where}")


def _looks(
    run: ClusterRun, connection: Connection, hours: float, poll_seconds: float
) -> Iterator[tuple[ClusterRun, list[Any]]]:
    deadline, faults = time.monotonic() + hours * 3600, 0
    while time.monotonic() < deadline:
        try:
            yield look(run, connection)
            faults = 0
        except PipelineError as error:
            faults += 1
            if faults >= FAULTS:
                raise PipelineError(f"{error} (run {run.id} goes on: {run.where})") from error
        time.sleep(poll_seconds)


def ended(run: ClusterRun) -> ClusterRun:
    """A run that succeeded, its tasks' times as exact as the cluster tells them; else PipelineError.

    Where pods can be seen, a task without one was taken from the cache, and took none.
    """
    wanted = tasks.names(pipelines.specification(run.pipeline))
    if run.state == "SUCCEEDED":
        exact = pods.at_work(run.id, run.namespace, wanted)
        return replace(run, tasks=tuple(_exact(run.tasks, exact))) if exact else run
    failed = dict.fromkeys(task.name for task in run.tasks if task.state == "FAILED")
    said = pods.last_words(run.id, run.namespace, wanted)
    reasons = "; ".join(f"{name}: {said[name]}" if name in said else name for name in failed)
    raise PipelineError(f"run {run.id} {run.state.lower()} in {reasons or 'no step'} (see {run.where})")


def _exact(own: Sequence[Task], exact: Sequence[Task]) -> Iterator[Task]:
    """The tasks with their containers' times; of a loop's iterations those without one come after."""
    for name in dict.fromkeys(task.name for task in own):
        states = [task.state for task in own if task.name == name]
        ran = [each for each in exact if each.name == name]
        yield from ran
        yield from (Task(name, state) for state in states[len(ran) :])
