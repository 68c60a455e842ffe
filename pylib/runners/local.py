"""A pipeline run on this machine by the KFP SDK's subprocess runner, a log for each step."""

import builtins
import contextlib
import copy
import logging
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from pylib.errors import PipelineError, one_line
from pylib.runners import checks, components, logs, pipelines
from pylib.runners.run_record import recorded
from pylib.runners.step_logs import Listener, Printed, StepLogs, StepRun


@dataclass
class Run:
    """A finished run: its folder, its steps, its whole wall time in seconds."""

    folder: Path
    steps: list[StepRun] = field(default_factory=list)
    seconds: float = 0.0


def run(
    name: str, arguments: dict[str, Any], root: Path, listen: Listener = lambda _step, _line: None
) -> Run:
    """Run a pipeline below `root`; `listen` hears each step begin, each line it says, and its end.

    Steps may run side by side, and `listen` is called in their threads.
    Raises PipelineError with the failed step's own last line and the place of its log.
    """
    pipeline = pipelines.load(name)
    return execute(pipeline, checks.checked(pipeline, arguments), root, listen)


def execute(pipeline: Any, arguments: dict[str, Any], root: Path, listen: Listener) -> Run:
    """The same for a pipeline and arguments that are checked."""
    from kfp import local

    started = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
    folder = root / f"{pipeline.name}-{started}"
    folder.mkdir(parents=True)
    step_logs = StepLogs(folder / "logs", listen)
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(folder), raise_on_error=True)
    begun = time.monotonic()
    with (
        recorded(folder, str(pipeline.name), arguments, step_logs.steps, listen) as step_logs.listen,
        _quiet(),
        _apart(step_logs, _titles(pipeline, arguments)),
        contextlib.redirect_stdout(Printed(step_logs)),
    ):
        try:
            _without_retries(pipeline)(**arguments)
        except RuntimeError as error:
            raise PipelineError(_explain(folder, step_logs.steps, error)) from error
    return Run(folder, step_logs.steps, time.monotonic() - begun)


@contextlib.contextmanager
def _apart(step_logs: StepLogs, title: Callable[[str], str]) -> Iterator[None]:
    """Each step in a log of its own, with its state and its seconds, while a run goes on.

    KFP 2.17 tells when a step ended in a log only, whose handlers steps side by side take from each other,
    and has no hook; this is the one call that runs a step.
    """
    from kfp.local import task_dispatcher

    original = task_dispatcher.run_single_task_implementation
    task_dispatcher.run_single_task_implementation = _recorded(original, step_logs, title)
    try:
        with _logging_restored():
            yield
    finally:
        task_dispatcher.run_single_task_implementation = original


def _titles(pipeline: Any, arguments: dict[str, Any]) -> Callable[[str], str]:
    """What people read of a step: `fit-head svm` of for-loop-1-iteration-3/fit-head."""
    loops, known = components.loops(pipeline), {**pipelines.parameters(pipeline), **arguments}

    def title(name: str) -> str:
        *turns, component = name.split("/")
        return " ".join([component, *components.items_of(turns, loops, known)])

    return title


def _recorded(
    original: Callable[..., Any], step_logs: StepLogs, title: Callable[[str], str]
) -> Callable[..., Any]:
    from kfp.local.status import Status

    def run_step(*, pipeline_resource_name: str, component_name: str, executor_spec: Any, **task: Any) -> Any:
        _, _, loops = pipeline_resource_name.partition("/")  # for-loop-2-iteration-0/… of a loop's steps
        name = str(PurePosixPath(loops, component_name.removeprefix("comp-")))
        with (
            step_logs.step(name, title(name)) as step,
            tempfile.TemporaryDirectory(prefix="pylib-") as scratch,
        ):
            executor = copy.deepcopy(executor_spec)
            executor.container.env.add(name="TMPDIR", value=scratch)  # KFP leaves a folder a step there
            outputs, status = original(
                pipeline_resource_name=pipeline_resource_name,
                component_name=component_name,
                executor_spec=executor,
                **task,
            )
            step.succeeded = status == Status.SUCCESS
        return outputs, status

    return run_step


@contextlib.contextmanager
def _logging_restored() -> Iterator[None]:
    """KFP's threads each replace and restore `print` and the root logger's handlers, in any order.

    What they restore last is nothing: without any handler, logging would make one that writes to stderr.
    """
    logger, printing = logging.getLogger(), builtins.print
    level, handlers = logger.level, logger.handlers[:]
    logger.handlers[:] = [logging.NullHandler()]
    try:
        yield
    finally:
        builtins.print = printing
        logger.setLevel(level)
        logger.handlers[:] = handlers


def _without_retries(pipeline: Any) -> Any:
    """The same pipeline that fails at once: retries are for nodes that vanish, not for who is watching."""
    once = copy.deepcopy(pipeline)
    dags = [once.pipeline_spec.root.dag, *(part.dag for part in once.pipeline_spec.components.values())]
    for task in (task for dag in dags for task in dag.tasks.values()):
        task.ClearField("retry_policy")
    return once


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the runner's warnings that accelerators and images mean nothing here: that is as intended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _explain(folder: Path, steps: list[StepRun], error: Exception) -> str:
    failed = [step for step in steps if not step.succeeded]
    if not failed:
        return f"run {folder}: {logs.plain(one_line(error, 1000))}"
    reason = logs.last_words(failed[0].log.read_text(encoding="utf-8")) or "it said nothing"
    more = f"; so did {', '.join(step.title for step in failed[1:])}" if failed[1:] else ""
    return f"step {failed[0].title} failed: {reason} (log: {failed[0].log}){more}"
