"""A pipeline's own tasks out of what Kubeflow Pipelines 2.16 says of a run.

Its task details are Argo's nodes by display name: beside `train` there are `train-driver`, `executor`,
`executor(1)` for a second try, `root`, and the workflow itself, with nothing that says whose is whose.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

DRIVER = "-driver"
_TRY = re.compile(r"executor\((\d+)\)")


@dataclass(frozen=True)
class Task:
    """One of the pipeline's own tasks: its name and state, and when it began and ended where it has."""

    name: str
    state: str
    started: datetime | None = None
    ended: datetime | None = None

    @property
    def seconds(self) -> float:
        """Its time, its pod's start included; 0 where it has not ended."""
        return (self.ended - self.started).total_seconds() if self.started and self.ended else 0.0


def names(spec: Any) -> set[str]:
    """Every task of a pipeline's specification (IR YAML, as a dict), in loops and conditions too."""
    dags = [spec["root"].get("dag"), *(part.get("dag") for part in spec.get("components", {}).values())]
    return {name for dag in dags if dag for name in dag["tasks"]}


def own(details: Iterable[Any], wanted: Collection[str]) -> list[Task]:
    """The own tasks, in the order in which they began; a failed driver is its task's failure."""
    found: dict[str, Task] = {}
    for detail in details:
        name = detail.display_name or ""
        task = name.removesuffix(DRIVER)
        if name in wanted:
            found[name] = Task(name, detail.state or "", _moment(detail.start_time), _moment(detail.end_time))
        elif task in wanted and detail.state == "FAILED":
            found.setdefault(task, Task(task, "FAILED", _moment(detail.start_time)))
    return sorted(found.values(), key=lambda task: (task.started is None, task.started, task.name))


def _moment(value: datetime | None) -> datetime | None:
    """A time; what has not happened yet comes as the year 1 or as 1970."""
    return value if value and value.year > 1970 else None  # noqa: PLR2004


def waits(details: Iterable[Any]) -> bool:
    """Whether some task's pod waits: nothing says whose."""
    return any((d.display_name or "").startswith("executor") and d.state == "PENDING" for d in details)


def at_work(tasks: Iterable[Task]) -> str:
    """The task that is under way; empty where it may be any of several."""
    live = [task.name for task in tasks if task.state in {"RUNNING", "PENDING"}]
    return live[0] if len(live) == 1 else ""


def tries(details: Iterable[Any]) -> int:
    """The highest number of a second try that is under way; 0 where there is none."""
    live = [d.display_name or "" for d in details if d.state in {"RUNNING", "PENDING"}]
    return max((int(match[1]) for name in live if (match := _TRY.fullmatch(name))), default=0)


def busy_seconds(tasks: Iterable[Task]) -> float:
    """How long at least one task was at work: tasks side by side count once."""
    total, until = 0.0, None
    for started, ended in sorted(_intervals(tasks)):
        begun = max(started, until) if until else started
        total += max(0.0, (ended - begun).total_seconds())
        until = max(ended, until) if until else ended
    return total


def _intervals(tasks: Iterable[Task]) -> Iterator[tuple[datetime, datetime]]:
    for task in tasks:
        if task.started and task.ended:
            yield task.started, task.ended
