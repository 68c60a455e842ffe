"""The server over HTTP: takes connections, has calls answered by threads, and finishes them at its end."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from pylib.errors import RequestError
from pylib.serving.connection import Call, Connection
from pylib.serving.http import Response, Router
from pylib.serving.limits import Bodies, Limits
from pylib.serving.listening import Acceptor
from pylib.serving.processes import Scoreboard

logger = logging.getLogger(__name__)

_SWEEP = 0.5  # seconds between two looks for what takes too long
_HANGS = 120.0  # seconds after which a call is one that never ends, however soon its client gives up
_WAITING = 4  # calls at a time that wait for another service, such as the inbox of feedback
_LINGER = 0.5  # seconds that a client, which knows nothing of the end, has for what it was about to send


class Front:
    """Answers what comes to one port; `start` and `stop` run in asyncio's loop.

    Calls wait for a thread in the order they came; beyond `limits.calls` they are refused with 503.
    count: told the status of each answer, but for those of inline routes, as probes are
    board: where the processes that take connections from the same port see how many each has
    """

    def __init__(
        self,
        router: Router,
        threads: int,
        limits: Limits,
        count: Callable[[int], None] = lambda _: None,
        board: Scoreboard | None = None,
    ) -> None:
        self._count, self._board = count, board or Scoreboard(1)
        self._router, self._threads, self._limits = router, threads, limits
        self._bodies = Bodies(limits.held_bytes)
        self._pool, self._waiting = ThreadPoolExecutor(threads, "call"), ThreadPoolExecutor(_WAITING, "wait")
        self._connections: set[Connection] = set()
        self._adding: set[asyncio.Task[object]] = set()
        self._calls: dict[Future[Response], tuple[Connection, Call, float]] = {}
        self._ends = False

    async def start(self, listening: socket.socket) -> None:
        """Take connections from a socket of `listen`."""
        self._loop = asyncio.get_running_loop()
        self._acceptor = Acceptor(listening, self._board, self._take)
        self._sweeper = asyncio.create_task(self._sweep_always())
        self._sweeper.add_done_callback(_must_go_on)

    async def stop(self, grace: float) -> None:
        """Take no new connection, answer what was accepted, and close; cut what takes longer than `grace`."""
        until = self._loop.time() + grace
        self._ends = True
        for each in self._connections:
            each.leave = True
        await asyncio.sleep(min(_LINGER, grace))  # who has connected already is accepted and heard
        self._acceptor.stop()
        await asyncio.gather(*self._adding, return_exceptions=True)
        while self._loop.time() < until and any(map(self._is_awaited, self._connections)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        self._sweeper.cancel()
        for each in list(self._connections):
            each.close()
        await asyncio.sleep(0)

    def _take(self, client: socket.socket) -> None:
        connection = self._connect()
        adding = self._loop.create_task(self._loop.connect_accepted_socket(lambda: connection, client))
        self._adding.add(adding)
        adding.add_done_callback(partial(self._added, connection))

    def _added(self, connection: Connection, adding: "asyncio.Task[object]") -> None:
        self._adding.discard(adding)
        if adding.cancelled() or adding.exception():  # it has left again
            self._forget(connection)

    def _is_awaited(self, connection: Connection) -> bool:
        """Whether it has a call, or is so new that its first one may be on its way."""
        silent = not connection.heard and self._loop.time() < connection.opened + _LINGER
        return connection.busy or connection.reading or silent

    def _connect(self) -> Connection:
        connection = Connection(self._router, self._limits, self._bodies, self._dispatch, self._forget)
        connection.leave = self._ends or len(self._connections) >= self._limits.connections
        self._connections.add(connection)
        self._board.count(len(self._connections))
        return connection

    def _dispatch(self, connection: Connection, call: Call) -> None:
        if call.request.method == "OPTIONS" and call.found.methods:
            return connection.send(call, _preflight(call))
        if call.error or call.found.route is None:
            return self._send(connection, call, _refused(call, call.error or RequestError("nothing is here")))
        if call.found.route.inline:
            return connection.send(call, _answer(call))
        pool, most = (
            (self._pool, self._limits.calls) if _computes(call) else (self._waiting, self._limits.waiting)
        )
        alike = sum(_computes(other) == _computes(call) for _, other, _ in self._calls.values())
        if alike >= most or len(self._connections) > self._limits.connections:
            busy = RequestError(f"{alike} calls wait already: ask again later", "overloaded")
            return self._send(connection, call, _refused(call, busy))
        future = pool.submit(_answer, call)
        self._calls[future] = connection, call, self._loop.time()
        future.add_done_callback(partial(_call_in, self._loop, self._done))
        return None

    def _done(self, future: "Future[Response]") -> None:
        connection, call, _ = self._calls.pop(future)
        if not future.cancelled() and not connection.answered(call):
            self._send(connection, call, future.result())

    def _send(self, connection: Connection, call: Call, response: Response) -> None:
        self._count(response.status)
        connection.send(call, response)

    def _forget(self, connection: Connection) -> None:
        """A connection is gone: what waits for a thread on its behalf need not be answered."""
        self._connections.discard(connection)
        self._board.count(len(self._connections))
        if connection.busy:
            for future in [each for each, (asker, _, _) in self._calls.items() if asker is connection]:
                future.cancel()

    async def _sweep_always(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP)
            now = self._loop.time()
            for connection in [each for each in self._connections if each.deadline < now]:
                connection.expire()
            self._give_up(now - self._limits.answer_seconds)

    def _give_up(self, since: float) -> None:
        """Answer 504 where a call takes too long; a thread that has begun goes on, and its answer is lost.

        Where all threads that compute hang, the process ends: nobody else would answer either.
        """
        hung = min(since - self._limits.answer_seconds, self._loop.time() - _HANGS)
        if self._threads <= sum(began < hung and _computes(call) for _, call, began in self._calls.values()):
            logger.critical("no thread answers any more: this server ends, to be started anew")
            os._exit(1)
        for future, (connection, call, began) in list(self._calls.items()):
            if began < since and not connection.answered(call):
                late = RequestError(f"no answer within {self._limits.answer_seconds:g} s", "no answer")
                self._send(connection, call, _refused(call, late))
                future.cancel()


def _must_go_on(sweeper: "asyncio.Task[None]") -> None:
    """Without it nothing that is too slow would ever be refused."""
    if not sweeper.cancelled():
        logger.critical(
            "the look for what takes too long has failed: this server ends", exc_info=sweeper.exception()
        )
        os._exit(1)


def _computes(call: Call) -> bool:
    return call.found.route is not None and not call.found.route.waits


def _call_in(loop: asyncio.AbstractEventLoop, done: Callable[..., None], future: "Future[Response]") -> None:
    try:
        loop.call_soon_threadsafe(done, future)
    except RuntimeError:  # the loop has ended, and nobody waits
        logger.debug("an answer came after the end")


def _answer(call: Call) -> Response:
    """Call the handler; whatever it raises is an answer too."""
    route = call.found.route
    assert route is not None  # noqa: S101
    try:
        return route.handler(call.request, call.found.groups)
    except RequestError as error:
        return _refused(call, error)
    except Exception:
        logger.exception("%s %s", call.request.method, call.request.path)
        return _refused(call, RequestError("the server made a mistake, which is in its log", "internal"))


def _refused(call: Call, error: RequestError) -> Response:
    response = call.found.refused(error)
    more = {}
    if error.kind == "not allowed":
        more["Allow"] = ", ".join(sorted(call.found.methods))
    if error.kind in {"overloaded", "not ready"}:
        more["Retry-After"] = "1"
    return response._replace(headers={**response.headers, **more})


def _preflight(call: Call) -> Response:
    """What a browser asks before it sends a page's request: https://fetch.spec.whatwg.org/#cors-preflight-fetch."""
    methods = ", ".join(sorted({*call.found.methods, "OPTIONS"}))
    headers = {"Allow": methods, "Access-Control-Allow-Methods": methods}
    if asked := call.request.headers.get("access-control-request-headers"):
        headers["Access-Control-Allow-Headers"] = asked
    return Response(200, b"", headers)
