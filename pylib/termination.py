"""How a process ends when it is told to: what it began is cleared away first, undisturbed."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP leave the block as SystemExit does, where they would end the process at once.

    Only the main thread may say how a signal is taken; in another one the block is as it is without this.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is signal.SIG_DFL]
    try:
        for each in taken:
            signal.signal(each, _leave)
        yield
    finally:
        for each in taken:
            signal.signal(each, signal.SIG_DFL)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextmanager
def put_off() -> Iterator[None]:
    """Hear what asks for an end when the block is done: until then nobody knows what it has begun.

    A process that it starts is told as ever: handlers do not outlive exec.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    taken = {each: handler for each in _ENDING if (handler := signal.getsignal(each)) != signal.SIG_IGN}
    for each in taken:
        signal.signal(each, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        for each, handler in taken.items():
            signal.signal(each, handler)
        if heard:
            signal.raise_signal(heard[0])


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore what asks for an end, here and in what the block starts: a second Ctrl-C while clearing up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {each: signal.signal(each, signal.SIG_IGN) for each in _ENDING}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


@contextmanager
def running(command: Sequence[str | Path], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process, with all that it says in its `stdout`; left early, it and all that it started are ended."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # so that all of it can be ended as one
    ) as process:
        try:
            yield process
        except BaseException:
            with undisturbed():
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            raise
