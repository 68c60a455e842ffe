"""What is printed while several steps run side by side, taken apart into one log a step.

KFP's local runner prints each step's lines in the thread that runs it, all to one stdout, and in between the
lines of its own logger, which each of those threads sets up anew. So a line belongs to its thread's step, and
whether a step ended well is never read from a line.
"""

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from pylib.provenance.cache import FROM_CACHE
from pylib.runners import logs

_INDENT = " " * 4
"""KFP prints this before each line of a step, by a call of its own."""


@dataclass
class StepRun:
    """One step of a run: its name, its log, how long it took, whether it ended well, and was cached.

    The name is the component's in the pipeline; in a loop the iteration's goes before it, with a slash.
    title: what people read: of a loop's step the component and the loop's item
    """

    name: str
    title: str
    log: Path
    started: float
    seconds: float = 0.0
    succeeded: bool | None = None
    cached: bool = False


Listener = Callable[[StepRun, str | None], None]


@dataclass
class _Writing:
    """Where a thread writes: its step, that step's open log, and the line that is not whole yet."""

    step: StepRun
    file: TextIO
    pending: str = ""


@dataclass
class StepLogs:
    """The steps of a run in the order in which they began, each with a log below `folder`."""

    folder: Path
    listen: Listener
    steps: list[StepRun] = field(default_factory=list)
    _here: threading.local = field(default_factory=threading.local)

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[StepRun]:
        """Begin a step in this thread, which writes its log; it failed unless the block says otherwise."""
        step = StepRun(name, title, self.folder / f"{name}.log", time.monotonic())
        step.log.parent.mkdir(parents=True, exist_ok=True)
        self.steps.append(step)
        self.listen(step, None)
        try:
            with step.log.open("w", encoding="utf-8") as file:
                self._here.writing = _Writing(step, file)
                yield step
        finally:
            del self._here.writing
            step.seconds, step.succeeded = time.monotonic() - step.started, bool(step.succeeded)
            self.listen(step, None)

    def take(self, text: str) -> None:
        """Take what a thread prints as it comes; of a thread that runs no step nothing is kept."""
        writing: _Writing | None = getattr(self._here, "writing", None)
        if writing is None or (text == _INDENT and not writing.pending):
            return
        *lines, writing.pending = (writing.pending + logs.plain(text)).split("\n")
        for line in lines:
            writing.file.write(line + "\n")
            writing.file.flush()
            writing.step.cached |= line.strip().startswith(FROM_CACHE)
            if not logs.is_noise(line):
                self.listen(writing.step, line.strip())


class Printed(io.TextIOBase, TextIO):
    """A stdout whose text goes to the logs of the steps."""

    def __init__(self, step_logs: StepLogs) -> None:
        super().__init__()
        self._logs = step_logs

    def write(self, text: str, /) -> int:
        """Hand it on."""
        self._logs.take(text)
        return len(text)
