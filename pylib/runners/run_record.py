"""What a run on this machine says of itself while it goes on: `run.json` in its folder, and a lock it holds.

The system frees the lock when the run's process ends, however it ends: a record that says that a run goes
on, whose lock is free, is of a run that was killed.
"""

import fcntl
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pylib.atomic import write_file
from pylib.runners.step_logs import Listener, StepRun

FILE = "run.json"
_LOCK = "run.lock"
State = Literal["running", "succeeded", "failed", "killed", "unknown"]


@dataclass(frozen=True)
class RecordedStep:
    """A step as the record has it: what people read of it, how it ended or stands, its seconds."""

    name: str
    title: str
    state: State
    seconds: float
    cached: bool


@dataclass(frozen=True)
class RunRecord:
    """A run: its pipeline, when it began (UTC), its arguments, its steps in the order of their beginning.

    error: why it failed, in one line; seconds: of the whole run, 0 while it goes on
    """

    pipeline: str
    started: str
    state: State
    arguments: dict[str, Any] = field(default_factory=dict)
    steps: list[RecordedStep] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""


@contextmanager
def recorded(
    folder: Path, pipeline: str, arguments: dict[str, Any], steps: list[StepRun], listen: Listener
) -> Iterator[Listener]:
    """Keep the record of the run in this block; gives the listener that writes it and then tells `listen`."""
    begun, writing = datetime.now(UTC), threading.Lock()

    def write(state: State, error: str = "") -> None:
        seconds = 0.0 if state == "running" else (datetime.now(UTC) - begun).total_seconds()
        with writing:  # steps side by side: what is written last is what was seen last
            shown = [_step(step) for step in list(steps)]
            record = RunRecord(pipeline, begun.isoformat(), state, arguments, shown, seconds, error)
            write_file(folder / FILE, json.dumps(asdict(record), indent=1, default=str))

    def heard(step: StepRun, line: str | None) -> None:
        if line is None:  # it began, or ended
            write("running")
        listen(step, line)

    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write("running")
        try:
            yield heard
        except BaseException as error:
            write("failed", str(error))
            raise
        write("succeeded")


def read(folder: Path) -> RunRecord | None:
    """The record in a run's folder; None where there is none that can be read, as of former versions."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        steps = [RecordedStep(**step) for step in found.pop("steps")]
        record = RunRecord(steps=steps, **found)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if record.state == "running" and not _held(folder):
        return _killed(record)
    return record


def _killed(record: RunRecord) -> RunRecord:
    steps = [
        RecordedStep(**asdict(step) | {"state": "killed"}) if step.state == "running" else step
        for step in record.steps
    ]
    return RunRecord(**asdict(record) | {"state": "killed", "steps": steps})


def _step(step: StepRun) -> RecordedStep:
    states: dict[bool | None, State] = {None: "running", True: "succeeded", False: "failed"}
    return RecordedStep(step.name, step.title, states[step.succeeded], round(step.seconds, 3), step.cached)


def _held(folder: Path) -> bool:
    """Whether somebody holds the run's lock."""
    try:
        with (folder / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
