"""The processes of one model server: the first, and its copies, which take connections from the same port.

Python computes in one thread of a process at a time; what a call does in Python is done side by side only by
processes. The first asks the others for what they counted and tells them to end. Where one of them ends
unasked, all end, so that whoever started the server starts it anew, whole.
"""

import asyncio
import gc
import mmap
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from pylib.errors import ServingError

_ASK_SECONDS = 5.0  # for a figure of another process, before the first gives up
_LET_KNOW = 0.1  # seconds
_FIGURES, _FAILED, _END = "figures", "failed", "end"
_READY, _CONNECTIONS = 0, 1  # what each process writes down
_CELLS = 2


class Scoreboard:
    """What every process sees of the others at any time; each writes down its own, as in Apache's."""

    def __init__(self, count: int) -> None:
        # Memory that children share: a cell of four bytes is written whole.
        self._cells = memoryview(mmap.mmap(-1, 4 * _CELLS * count)).cast("i", (count, _CELLS))
        self._count = count
        self.become(0)

    def become(self, number: int) -> None:
        """Write as this process from now on."""
        self._own, self._others = number, [each for each in range(self._count) if each != number]

    def set_ready(self) -> None:
        """Say that this process would answer."""
        self._cells[self._own, _READY] = 1

    def all_ready(self) -> bool:
        """Whether every process would."""
        return all(self._cells[each, _READY] for each in (self._own, *self._others))

    def count(self, connections: int) -> None:
        """Say how many connections this process has."""
        self._cells[self._own, _CONNECTIONS] = connections

    def another_has_fewer(self) -> bool:
        """Whether a client is better off with another process."""
        own = self._cells[self._own, _CONNECTIONS]
        return any(self._cells[each, _CONNECTIONS] < own for each in self._others)


@dataclass(frozen=True)
class _Other:
    """Another process, as one knows it: what it is asked through, and what says that it is there."""

    pid: int
    asks: Connection
    lives: Connection


class Processes:
    """Those of one server, as one of them sees them: `number` 0 is the first.

    board: what they know of each other
    """

    def __init__(self, number: int, board: Scoreboard, others: Sequence[_Other]) -> None:
        self.number, self.board, self._others = number, board, others
        self._ends, self._asked, self._open = False, 0, set[int]()
        self._last: dict[int, Any] = {}

    def watch(
        self, figures: Callable[[], Any], end: Callable[[], None], failed: Callable[[str], None]
    ) -> None:
        """Answer the first, or watch the others; to be called in asyncio's loop.

        figures: what this process counted; end: called when it is to end
        failed: called with a sentence where another process ended unasked, and this one is to end at once
        """
        loop = asyncio.get_running_loop()
        for other in self._others:
            if self.number:
                loop.add_reader(other.asks.fileno(), _obey, other.asks, figures, end, failed)
            else:
                loop.add_reader(other.lives.fileno(), self._lost, loop, other, failed)
            for pipe in (other.asks, other.lives):
                os.set_blocking(pipe.fileno(), True)  # libuv lets go of it, and half a message is no end

    def figures(self) -> list[Any]:
        """What the others counted, asked of them now, or said at their end.

        To be called in one thread at a time. Raises OSError where one says nothing within five seconds.
        """
        self._asked += 1
        until = time.monotonic() + _ASK_SECONDS
        return [self._figure(other, until) for other in self._others]

    def end(self) -> None:
        """Tell the others to end; the first does."""
        self._ends = True
        for other in () if self.number else self._others:
            with suppress(OSError):
                other.asks.send(_END)

    def wait(self, seconds: float) -> None:
        """Return once the others have ended; those that have not after so many seconds are killed."""
        until = time.monotonic() + seconds
        for other in self._others:
            while _runs(other.pid):
                if time.monotonic() > until:
                    os.kill(other.pid, signal.SIGKILL)
                time.sleep(0.01)

    def leave(self, figures: Any) -> None:
        """Tell the first the last figures of this process, another one, which ends as it was told to."""
        with suppress(OSError):
            self._others[0].lives.send((_FIGURES, figures))

    def fail(self, reason: str) -> None:
        """Tell the first why this process, another one, ends."""
        with suppress(OSError):
            self._others[0].lives.send((_FAILED, reason))

    def _figure(self, other: _Other, until: float) -> Any:
        try:
            while other.pid not in self._last:
                if other.pid not in self._open:  # one question at a time: more would fill the pipe
                    other.asks.send(self._asked)
                    self._open.add(other.pid)
                if not other.asks.poll(max(0.0, until - time.monotonic())):
                    break
                asked, figures = other.asks.recv()
                self._open.discard(other.pid)
                if asked == self._asked:  # and not one that came too late for the question before
                    return figures
        except (EOFError, OSError):
            time.sleep(_LET_KNOW)  # it has ended: its last words are on their way to the loop
        if other.pid in self._last:
            return self._last[other.pid]
        raise TimeoutError(f"process {other.pid} of this server says nothing")

    def _lost(self, loop: asyncio.AbstractEventLoop, other: _Other, failed: Callable[[str], None]) -> None:
        try:
            what, said = other.lives.recv()
        except (EOFError, OSError):
            loop.remove_reader(other.lives.fileno())
            what, said = _FAILED, f"process {other.pid} of this server has ended"
        if what == _FIGURES:
            self._last[other.pid] = said
        elif not self._ends:
            failed(said)


def start(count: int) -> Processes:
    """Become `count` processes; returns in each of them. To be called before there are threads of ours.

    NumPy's OpenBLAS has one by then, and starts it anew in a copy; onnxruntime and gRPC have none. Raises
    ServingError where the machine refuses a process.
    """
    board = Scoreboard(count)
    gc.collect()
    gc.freeze()  # what is there now stays, so that no collection writes into what the processes share
    try:
        return _forked(count, board)
    except OSError as error:
        raise ServingError(f"no {count} processes: {error.strerror}; lower SERVING_PROCESSES") from error


def _forked(count: int, board: Scoreboard) -> Processes:
    asked, lives = [Pipe() for _ in range(1, count)], [Pipe(duplex=False) for _ in range(1, count)]
    others = []
    for number, ((first, own), (seen, held)) in enumerate(zip(asked, lives, strict=True), 1):
        if not (pid := os.fork()):
            board.become(number)
            _close_all_but({own, held}, asked, lives)
            return Processes(number, board, [_Other(os.getppid(), own, held)])
        others.append(_Other(pid, first, seen))
    _close_all_but({each for other in others for each in (other.asks, other.lives)}, asked, lives)
    return Processes(0, board, others)


def _close_all_but(kept: set[Connection], *pairs: Sequence[tuple[Connection, Connection]]) -> None:
    for pair in (each for some in pairs for each in some):
        for end in pair:
            if end not in kept:
                end.close()


def _obey(
    first: Connection, figures: Callable[[], Any], end: Callable[[], None], failed: Callable[[str], None]
) -> None:
    """Do what the first process says; without it there is nobody to serve for."""
    try:
        word = first.recv()
        if word == _END:
            end()
        else:
            first.send((word, figures()))
    except (EOFError, OSError):
        failed("the first process of this server has ended")


def _runs(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False
