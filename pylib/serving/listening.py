"""A port that the processes of a server take connections from, one by one, each as many as the others."""

import asyncio
import logging
import select
import socket
from collections.abc import Callable
from contextlib import suppress

from pylib.serving.processes import Scoreboard

logger = logging.getLogger(__name__)

_BACKLOG = 1024
_LOOK_AGAIN = 0.001  # seconds until one that left a connection to a process with fewer looks who has it
_LEFT = 0.05  # seconds after which it takes it nevertheless: the other stands still
_WITHOUT_DESCRIPTOR = 1.0  # seconds until a process that may open no more files tries again


def listen(host: str, port: int) -> socket.socket:
    """Listen at an address; raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listening.setblocking(False)
    return listening


class Acceptor:
    """Gives each connection that comes to a listening socket to `take`, in asyncio's loop.

    board: how many connections each process has, where several take them from the same socket
    """

    def __init__(
        self, listening: socket.socket, board: Scoreboard, take: Callable[[socket.socket], object]
    ) -> None:
        self._loop, self._listening = asyncio.get_running_loop(), listening
        self._board, self._take = board, take
        self._resting: asyncio.TimerHandle | None = None
        self._left_since = 0.0  # when somebody who still waits was left to another process; 0: nobody was
        self._loop.add_reader(listening, self._accept)

    def stop(self) -> None:
        """Take who waits, and close: the kernel would reset them. After that nobody can connect."""
        self._loop.remove_reader(self._listening)
        if self._resting:
            self._resting.cancel()
        with self._listening, suppress(OSError):
            while self._accept_one():
                pass

    def _accept(self) -> None:
        """Take one connection, so that the next is another process's; who has fewer goes first."""
        now = self._loop.time()
        if self._board.another_has_fewer() and now < (self._left_since or now) + _LEFT:
            self._left_since = self._left_since or now
            self._rest(_LOOK_AGAIN)
            return
        try:
            self._accept_one()
        except OSError as error:
            logger.warning("no connection can be taken: %s", error.strerror)
            self._rest(_WITHOUT_DESCRIPTOR)
        if self._left_since and not self._somebody_waits():
            self._left_since = 0.0

    def _accept_one(self) -> bool:
        """Take one, if it is still there; return whether there may be more. Raises OSError: no descriptor."""
        try:
            client, _ = self._listening.accept()
        except BlockingIOError:
            return False
        except ConnectionAbortedError:  # it has left again
            return True
        with suppress(OSError):  # it has left again
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._take(client)
        return True

    def _rest(self, seconds: float) -> None:
        """Leave who waits to the others for a while."""
        self._loop.remove_reader(self._listening)
        self._resting = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._resting = None
        if not self._somebody_waits():
            self._left_since = 0.0
        self._loop.add_reader(self._listening, self._accept)

    def _somebody_waits(self) -> bool:
        looked = select.poll()
        looked.register(self._listening, select.POLLIN)
        return bool(looked.poll(0))
