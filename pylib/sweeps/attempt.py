"""One attempt at a trial: a process of its own, as a Job's pod would be, with the rewritten command."""

import contextlib
import fcntl
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from katib import webhook
from katib.experiment import Body, Experiment, containers, value_at
from pylib.errors import SweepError

TRIAL_NAME, SCRATCH = "KATIB_TRIAL_NAME", "PYLIB_TRIAL_SCRATCH"
LOG = "metrics.log"
_PID = "pid"
_GRACE = 30.0  # seconds between SIGTERM and SIGKILL, Kubernetes' default
_OWN_PID = f'echo $$ > "$0/{_PID}" && exec "$@"'


class Attempt:
    """A running process, in a folder that is its own; `PYLIB_TRIAL_SCRATCH` names what all attempts share.

    While it or its shell lives, it holds the folder's lock, so that nobody takes it for gone.
    """

    def __init__(
        self, experiment: Experiment, made: Body, folder: Path, environment: Mapping[str, str], *, rule: bool
    ) -> None:
        container = primary(experiment, made)
        self.folder, self.file = folder, folder / _file_name(experiment)
        grace = value_at(made, "spec.template.spec.terminationGracePeriodSeconds")
        self.grace = _GRACE if grace is None else float(grace)
        self.started = time.monotonic()
        folder.mkdir(parents=True)
        (folder.parent / "scratch").mkdir(exist_ok=True)
        moved = self._moved(experiment, container)
        variables = variables_of(moved, environment)
        paths = [str(Path(sys.executable).parent), variables.get("PATH", os.defpath)]
        variables |= {
            TRIAL_NAME: str(value_at(made, "metadata.name")),
            SCRATCH: str(folder.parent / "scratch"),
            "PATH": os.pathsep.join(paths),
        }
        command = webhook.command(
            moved, collector=experiment.collector, file=str(self.file), stops_early=rule
        )
        with _locked(folder) as lock, (folder / "pod.log").open("wb") as said:
            self.process = subprocess.Popen(
                ["sh", "-c", _OWN_PID, str(folder), *(webhook.expanded(word, variables) for word in command)],
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[lock],
            )

    def _moved(self, experiment: Experiment, container: Body) -> Body:
        """The same, with the folder of a file collector, which in a pod is mounted, in this attempt's."""
        if experiment.collector != "File":
            return container
        path = str(value_at(experiment.body, "spec.metricsCollectorSpec.source.fileSystemPath.path"))
        mounted = re.escape(path.rpartition("/")[0])
        named = re.compile(rf"(?<![^\s=:,;'\"<>|&()]){mounted}(?![\w.-])")
        quoted = shlex.quote(str(self.folder))
        own = {"command": quoted, "args": quoted, "env": str(self.folder)}
        there = {key: _replaced(container[key], named, own[key]) for key in own if container.get(key)}
        return {**container, **there}

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.started

    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def ask_to_end(self) -> None:
        """SIGTERM to it and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)

    def stop(self) -> None:
        """Ask it to end, wait for what it runs, not for its shell alone, and end what does not."""
        self.ask_to_end()
        until = time.monotonic() + self.grace
        while not _is_free(self.folder) and time.monotonic() < until:
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        _end_escaped(self.folder)


def primary(experiment: Experiment, made: Body) -> Body:
    """The container of a trial's object that runs here."""
    name = experiment.template.get("primaryContainerName")
    found = next((each for _, each in containers(made, "") if each.get("name") == name), None)
    if found is None:
        raise SweepError(f"the trial's object has no container {name}")
    return found


def variables_of(container: Body, environment: Mapping[str, str]) -> dict[str, str]:
    """A process's variables: this machine's own, and over them what the container gives a value.

    As the kubelet has it, a value may name variables above it, and one that is not there is empty; what is
    taken from a ConfigMap or a Secret is this machine's own.
    """
    told: dict[str, str] = {}
    listed: list[dict[str, Any]] = container.get("env") or []
    for each in listed:
        name = str(each["name"])
        if "valueFrom" not in each:
            told[name] = webhook.expanded(str(each.get("value") or ""), told)
        elif name in environment:
            told[name] = environment[name]
    return {**environment, **told}


def _replaced(body: Any, named: re.Pattern[str], own: str) -> Any:
    """Every text below, with another folder in the place of the one that is named."""
    if isinstance(body, dict):
        return {key: _replaced(below, named, own) for key, below in body.items()}
    if isinstance(body, list):
        return [_replaced(below, named, own) for below in body]
    return named.sub(lambda _: own, body) if isinstance(body, str) else body


def completed(folder: Path) -> bool:
    """Whether an attempt went to its end, as the webhook's command writes it down."""
    marks = (each.read_text(encoding="utf-8").strip() for each in folder.glob("*.pid"))
    return webhook.COMPLETED in marks


def lines(file: Path) -> list[str]:
    """The lines of a log; none where there is no file."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []


def file_of(experiment: Experiment, folder: Path) -> Path:
    """The file that the collector reads in an attempt's folder."""
    return folder / _file_name(experiment)


def _file_name(experiment: Experiment) -> str:
    path = value_at(experiment.body, "spec.metricsCollectorSpec.source.fileSystemPath.path")
    return str(path).rpartition("/")[2] if experiment.collector == "File" and path else LOG


def end_orphan(folder: Path) -> None:
    """End what a killed search left running in an attempt's folder, and wait until it is gone."""
    until = time.monotonic() + _GRACE
    while not _is_free(folder):
        if time.monotonic() > until:
            raise SweepError(
                f"{folder}: a process of this trial does not end; end what holds {folder / 'lock'}"
            )
        with contextlib.suppress(OSError, ValueError):
            os.killpg(int((folder / _PID).read_text(encoding="utf-8")), signal.SIGKILL)
        _end_escaped(folder)
        time.sleep(0.02)


def _end_escaped(folder: Path) -> None:
    """End what a trial started in a session of its own, as the end of its pod would: it has the lock open."""
    lock = str((folder / "lock").resolve())
    for each in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if str(each.readlink()) == lock and (process := int(each.parts[2])) != os.getpid():
                os.kill(process, signal.SIGKILL)


@contextlib.contextmanager
def _locked(folder: Path) -> Any:
    """The lock of an attempt, for the process that inherits it."""
    with (folder / "lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _is_free(folder: Path) -> bool:
    if not (folder / "lock").is_file():
        return True
    with (folder / "lock").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
