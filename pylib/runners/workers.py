"""A command as the workers of one training, on this machine, as a TFJob's pods run it.

Each process is told in TF_CONFIG which of them it is. One that fails is started again at once, at its own
address, as restartPolicy OnFailure does, until backoffLimit. All have succeeded when the chief has.
https://github.com/kubeflow/trainer/blob/v1.9.4/pkg/controller.v1/tensorflow/tfjob_controller.go
"""

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pylib.errors import ConfigurationError, PipelineError
from pylib.termination import terminable, undisturbed
from pylib.tf_config import TF_CONFIG, tf_config

BACKOFF_LIMIT = 6  # a worker that is lost takes the others with it
_GRACE = 10.0


@dataclass
class _Started:
    """The processes by their index, and those that ended, as they end."""

    command: Sequence[str]
    environment: Mapping[str, str]
    addresses: Sequence[str]
    processes: dict[int, "subprocess.Popen[str]"] = field(default_factory=dict)
    ended: "queue.SimpleQueue[tuple[int, int]]" = field(default_factory=queue.SimpleQueue)

    def start(self, index: int) -> None:
        """Begin one; what the chief says is said here, what the others say on stderr, with their number."""
        try:
            process = subprocess.Popen(
                self.command,
                env={**self.environment, TF_CONFIG: tf_config(self.addresses, index)},
                stdout=subprocess.PIPE if index else None,
                stderr=subprocess.STDOUT if index else None,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # so that all of it can be ended as one
            )
        except OSError as error:
            reason = f"{self.command[0]}: cannot be started ({error.strerror or error})"
            raise ConfigurationError(reason) from error
        self.processes[index] = process
        threading.Thread(target=self._follow, args=(index, process), daemon=True).start()

    def _follow(self, index: int, process: "subprocess.Popen[str]") -> None:
        for line in process.stdout or ():
            print(f"worker {index}: {line}", end="", file=sys.stderr, flush=True)  # noqa: T201
        self.ended.put((index, process.wait()))

    def end(self) -> None:
        """End all that run: politely, then not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self.processes.values():
                with contextlib.suppress(ProcessLookupError):
                    if process.poll() is None:
                        os.killpg(process.pid, number)
            until = time.monotonic() + _GRACE
            for process in self.processes.values():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, until - time.monotonic()))


def run(
    command: Sequence[str],
    count: int,
    *,
    backoff_limit: int = BACKOFF_LIMIT,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a command as so many processes until the chief has succeeded; those left then are ended.

    backoff_limit: so many failures, of whichever of them, end it all with PipelineError; fewer are survived.
    environment: instead of this process' own. ConfigurationError where the command cannot be started.
    """
    if count < 1:
        raise ConfigurationError(f"workers={count}: at least one process has to train")
    started = _Started(command, os.environ if environment is None else environment, [*_addresses(count)])
    with terminable():
        try:
            for index in range(count):
                started.start(index)
            _watch(started, backoff_limit)
        finally:
            with undisturbed():
                started.end()


def _watch(started: _Started, backoff_limit: int) -> None:
    failures = 0
    while True:
        index, code = started.ended.get()
        if code:
            failures += 1
            said = _said(index, code)
            if failures >= backoff_limit:
                raise PipelineError(f"{said}, as failure {failures}, the last allowed; see its reason above")
            print(f"{said}: started again", file=sys.stderr, flush=True)  # noqa: T201
            started.start(index)
        elif index == 0:
            return


def _said(index: int, code: int) -> str:
    who = f"worker {index}" if index else "the chief"
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"failed with exit code {code}"
    return f"{who} {how}"


def _addresses(count: int) -> Iterator[str]:
    """Yield free ports of this machine, all different."""
    with contextlib.ExitStack() as held:
        for _ in range(count):
            listener = held.enter_context(socket.create_server(("127.0.0.1", 0)))
            yield "127.0.0.1:{1}".format(*listener.getsockname())
