"""A pipeline's own tasks out of what Kubeflow Pipelines 2.16 says of a run.

Its task details are Argo's nodes by display name: beside `train` there are `train-driver`, `executor`,
`executor(1)` for a second try, `root`, and the workflow itself, with nothing that says whose is whose.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

DRIVER = "-driver"
_NEVER = datetime.max.replace(tzinfo=UTC)
_TRY = re.compile(r"executor\((\d+)\)")


@dataclass(frozen=True)
class Task:
    """One of the pipeline's own tasks: its name and state, and when it began and ended where it has.

    id: the API's own, by which a loop's iterations are told apart at the next look; they have one name
    """

    name: str
    state: str
    started: datetime | None = None
    ended: datetime | None = None
    id: str = field(default="", compare=False)

    @property
    def seconds(self) -> float:
        """Its time, its pod's start included; 0 where it has not ended."""
        return (self.ended - self.started).total_seconds() if self.started and self.ended else 0.0


def names(spec: Any) -> set[str]:
    """Every task of a pipeline's specification (IR YAML, as a dict) that runs something, in loops too.

    A loop or a condition is none: what is at work are the tasks within, and its pods are drivers.
    """
    components = spec.get("components", {})
    dags = [spec["root"].get("dag"), *(part.get("dag") for part in components.values())]
    tasks = [task for dag in dags if dag for task in dag["tasks"].items()]
    return {name for name, task in tasks if "dag" not in components.get(task["componentRef"]["name"], {})}


def own(details: Iterable[Any], wanted: Collection[str]) -> list[Task]:
    """The own tasks, in the order in which they began; a failed driver is its task's failure.

    A loop's task is there once an iteration, and nothing says of which item it is.
    """
    found: list[Task] = []
    drivers: dict[str, list[Any]] = defaultdict(list)
    for detail in details:
        name = detail.display_name or ""
        if name in wanted:
            times = (_moment(detail.start_time), _moment(detail.end_time))
            found.append(Task(name, detail.state or "", *times, detail.task_id or ""))
        elif name.removesuffix(DRIVER) in wanted:
            drivers[name.removesuffix(DRIVER)].append(detail)
    found += _failed_at_their_driver(drivers, Counter(task.name for task in found))
    return sorted(found, key=lambda task: (task.started is None, task.started or _NEVER, task.name))


def _failed_at_their_driver(drivers: Mapping[str, list[Any]], begun: Mapping[str, int]) -> Iterator[Task]:
    """Of as many as have a driver and nothing of their own."""
    for name, each in drivers.items():
        failed = [driver for driver in each if driver.state == "FAILED"]
        for driver in failed[: max(0, len(each) - begun.get(name, 0))]:
            yield Task(name, "FAILED", _moment(driver.start_time), id=driver.task_id or "")


def _moment(value: datetime | None) -> datetime | None:
    """A time; what has not happened yet comes as the year 1 or as 1970."""
    return value if value and value.year > 1970 else None  # noqa: PLR2004


def waits(details: Iterable[Any]) -> bool:
    """Whether some task's pod waits: nothing says whose."""
    return any((d.display_name or "").startswith("executor") and d.state == "PENDING" for d in details)


def at_work(tasks: Iterable[Task]) -> str:
    """The task that is under way; empty where it may be any of several."""
    live = {task.name for task in tasks if task.state in {"RUNNING", "PENDING"}}
    return live.pop() if len(live) == 1 else ""


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
