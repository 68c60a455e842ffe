"""A task that waits for its pod: said when it begins to be long, with the reason, and again as it goes on."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from pylib.runners import pods, tasks
from pylib.runners.cluster import ClusterRun
from pylib.runners.tasks import Task

FIRST_SECONDS, AGAIN_SECONDS = 30.0, 600.0
"""A pod takes seconds to start, and a new node minutes; after that a word every ten."""


class Waiting:
    """What there is to say about the pods of a run that wait."""

    def __init__(
        self, run: ClusterRun, wanted: Collection[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.run, self.wanted, self.clock = run, wanted, clock
        self.since: float | None = None
        self.due, self.tries = FIRST_SECONDS, 0

    def news(self, details: Sequence[Any], own: Sequence[Task]) -> Iterator[tuple[str, str]]:
        """Pairs of a task and what is new about it, at one look."""
        task, number = tasks.at_work(own) or "a task", tasks.tries(details)
        if number > self.tries:
            yield task, f"failed, and is tried again (try {number + 1})"
        self.tries = number
        if not tasks.waits(details):
            self.since, self.due = None, FIRST_SECONDS
            return
        self.since = self.clock() if self.since is None else self.since
        waited = self.clock() - self.since
        if waited >= self.due:
            self.due = waited + AGAIN_SECONDS
            yield from self._reasons(task, waited)

    def _reasons(self, task: str, waited: float) -> Iterator[tuple[str, str]]:
        since = f"waits for its pod since {_words(waited)}"
        reasons = pods.pending(self.run.id, self.run.namespace, self.wanted)
        for name, reason in reasons.items():
            yield name, f"{since}: {reason}"
        if not reasons:
            look = f"kubectl describe pod -n {self.run.namespace} -l {pods.LABEL}={self.run.id}"
            yield task, f"{since}; the reason is among the events of `{look}`"


def _words(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"
