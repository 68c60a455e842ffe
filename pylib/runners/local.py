"""A pipeline run on this machine by the KFP SDK's subprocess runner, a log for each step."""

import contextlib
import copy
import io
import re
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from pylib.errors import PipelineError
from pylib.runners import checks, logs, pipelines

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_STARTED = re.compile(r"Executing task '([\w-]+)'")
_FINISHED = re.compile(r"Task '([\w-]+)' finished with status (\w+)")


@dataclass
class StepRun:
    """One step of a run: its name, its log, how long it took, whether it ended well."""

    name: str
    log: Path
    started: float
    seconds: float = 0.0
    succeeded: bool | None = None


@dataclass
class Run:
    """A finished run: its folder, its steps, its whole wall time in seconds."""

    folder: Path
    steps: list[StepRun] = field(default_factory=list)
    seconds: float = 0.0

    def artifact(self, step: str, output: str) -> Path:
        """The folder that a step wrote."""
        found = sorted(self.folder.glob(f"*/{step}/{output}"))
        if not found:
            raise PipelineError(f"run {self.folder}: step {step} left no {output}; see its log")
        return found[-1]


Listener = Callable[[StepRun, str | None], None]


def run(
    name: str, arguments: dict[str, Any], root: Path, listen: Listener = lambda _step, _line: None
) -> Run:
    """Run a pipeline below `root`; `listen` hears each step begin, each line it says, and its end.

    Raises PipelineError with the failed step's own last line and the place of its log.
    """
    from kfp import local

    pipeline = pipelines.load(name)
    arguments = checks.checked(pipeline, arguments)
    result = Run(root / datetime.now().astimezone().strftime(f"{name}-%Y%m%d-%H%M%S-%f"))
    result.folder.mkdir(parents=True)
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(result.folder), raise_on_error=True)
    begun = time.monotonic()
    with _quiet(), StepLogs(result, listen) as printed, contextlib.redirect_stdout(printed):
        try:
            _without_retries(pipeline)(**arguments)
        except RuntimeError as error:
            raise PipelineError(_explain(result, error)) from error
    result.seconds = time.monotonic() - begun
    return result


def _without_retries(pipeline: Any) -> Any:
    """The same pipeline that fails at once: retries are for nodes that vanish, not for who is watching."""
    once = copy.deepcopy(pipeline)
    for task in once.pipeline_spec.root.dag.tasks.values():
        task.ClearField("retry_policy")
    return once


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the runner's warnings that accelerators and images mean nothing here: that is as intended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _explain(result: Run, error: Exception) -> str:
    failed = next((step for step in reversed(result.steps) if not step.succeeded), None)
    if failed is None:
        return f"run {result.folder}: {_COLOUR.sub('', str(error))}"
    reason = logs.last_words(failed.log.read_text()) or "it said nothing"
    return f"step {failed.name} failed: {reason} (log: {failed.log})"


class StepLogs(io.TextIOBase, TextIO):
    """What the runner prints, taken apart into one log a step."""

    def __init__(self, run: Run, listen: Listener) -> None:
        super().__init__()
        self.run, self.listen, self.pending = run, listen, ""
        self.file: TextIO | None = None

    def write(self, text: str, /) -> int:
        """Take text as it comes and hand on whole lines."""
        *lines, self.pending = (self.pending + text).split("\n")
        for line in lines:
            self._line(_COLOUR.sub("", line))
        return len(text)

    def _line(self, line: str) -> None:
        if match := _STARTED.search(line):
            self._begin(match[1])
        elif match := _FINISHED.search(line):
            self._end(succeeded=match[2] == "SUCCESS")
        elif self.file:
            self.file.write(line.removeprefix("    ") + "\n")
            self.file.flush()
            if not logs.is_noise(line):
                self.listen(self.run.steps[-1], line.strip())

    def _begin(self, name: str) -> None:
        step = StepRun(name, self.run.folder / "logs" / f"{name}.log", time.monotonic())
        step.log.parent.mkdir(exist_ok=True)
        self.file = step.log.open("a")
        self.run.steps.append(step)
        self.listen(step, None)

    def _end(self, *, succeeded: bool) -> None:
        step = self.run.steps[-1]
        step.seconds, step.succeeded = time.monotonic() - step.started, succeeded
        self.close()
        self.listen(step, None)

    def close(self) -> None:
        """Close the current step's log."""
        if self.file:
            self.file.close()
            self.file = None
