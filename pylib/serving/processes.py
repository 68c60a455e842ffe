"""The processes of one model server: the first, and its copies, which take connections from the same port.

Python computes in one thread of a process at a time; what a call does in Python is done side by side only by
processes. The first asks the others for what they counted and tells them to end. Where one of them ends
unasked, all end, so that whoever started the server starts it anew, whole.
"""

import asyncio
import gc
import mmap
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any

from pylib.errors import ServingError

_ASK_SECONDS = 5.0  # for a figure of another process, before the first gives up
_FIGURES, _END = "figures", "end"
_READY, _CONNECTIONS = 0, 1  # what each process writes down
_CELLS = 2


class Board:
    """What every process sees of the others at any time; each writes down its own."""

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

    def __init__(self, number: int, board: Board, others: Sequence[_Other]) -> None:
        self.number, self.board, self._others = number, board, others
        self._asking, self._ends = Lock(), False

    def watch(self, figures: Callable[[], Any], end: Callable[[], None], fail: Callable[[str], None]) -> None:
        """Answer the first, or watch the others; to be called in asyncio's loop.

        figures: what this process counted; end: called when it is to end
        fail: called in the first, once, with a sentence, where another process ended unasked
        """
        loop = asyncio.get_running_loop()
        for other in self._others:
            if self.number:
                loop.add_reader(other.asks.fileno(), _obey, other.asks, figures, end)
            else:
                loop.add_reader(other.lives.fileno(), self._lost, loop, other, fail)

    def figures(self) -> list[Any]:
        """What the others counted, asked of them now; raises OSError where one does not answer."""
        with self._asking:
            found = []
            for other in self._others:
                other.asks.send(_FIGURES)
                if not other.asks.poll(_ASK_SECONDS):
                    raise TimeoutError(f"process {other.pid} of this server says nothing")
                found.append(other.asks.recv())
            return found

    def end(self) -> None:
        """Tell the others to end; the first does."""
        self._ends = True
        for other in () if self.number else self._others:
            with suppress(OSError):
                other.asks.send(_END)

    def wait(self, seconds: float) -> None:
        """Return once the others have ended, or after so many seconds."""
        until = time.monotonic() + seconds
        for other in self._others:
            while time.monotonic() < until and _runs(other.pid):
                time.sleep(0.01)

    def fail(self, reason: str) -> None:
        """Tell the first why this process, another one, ends."""
        with suppress(OSError):
            self._others[0].lives.send(reason)

    def _lost(self, loop: asyncio.AbstractEventLoop, other: _Other, fail: Callable[[str], None]) -> None:
        loop.remove_reader(other.lives.fileno())
        try:
            reason = str(other.lives.recv())
        except (EOFError, OSError):
            reason = f"process {other.pid} of this server has ended"
        if not self._ends:
            fail(reason)


def start(count: int) -> Processes:
    """Become `count` processes; returns in each of them. To be called before there are threads.

    Raises ServingError where the machine refuses one.
    """
    board = Board(count)
    gc.collect()
    gc.freeze()  # what is there now stays, so that no collection writes into what the processes share
    asked, lives = [Pipe() for _ in range(1, count)], [Pipe(duplex=False) for _ in range(1, count)]
    others = []
    for number, ((first, own), (seen, held)) in enumerate(zip(asked, lives, strict=True), 1):
        try:
            pid = os.fork()
        except OSError as error:
            raise ServingError(f"no process more: {error.strerror}; set SERVING_PROCESSES to 1") from error
        if not pid:
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


def _obey(first: Connection, figures: Callable[[], Any], end: Callable[[], None]) -> None:
    """Do what the first process says; without it there is nobody to serve for."""
    try:
        word = first.recv()
        if word == _FIGURES:
            first.send(figures())
    except (EOFError, OSError):
        os._exit(1)
    if word == _END:
        end()


def _runs(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False
