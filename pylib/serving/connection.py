"""One connection over HTTP/1.1: requests are read up to the limits, one by one, and answered in order.

A request that is refused by its head alone is still read to its end, and thrown away: a client that is
sending would otherwise see a closed connection in the place of the sentence.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from math import inf
from typing import NamedTuple, cast
from urllib.parse import unquote

import httptools

from pylib.errors import RequestError
from pylib.serving.http import Found, Request, Response, Router, encoded
from pylib.serving.limits import Bodies, Limits

_MOST_AHEAD = 8  # requests that a client may send before it has read the first answer
_DISCARDED = 4  # times the largest body
_LINGER = 2.0  # seconds
_BREAKS_OFF = "the body breaks off: its chunks are not what HTTP/1.1 asks for"


class Call(NamedTuple):
    """A request that was read whole; error: why it is refused; keep: whether the connection may stay open."""

    request: Request
    found: Found
    error: RequestError | None
    keep: bool


Dispatch = Callable[["Connection", Call], None]


class Connection(asyncio.Protocol):
    """Reads requests and gives each to `dispatch`, which calls `send` with the answer, in this thread.

    opened, deadline: on the loop's clock; after the deadline `expire` is to be called
    heard: whether anything was sent
    """

    def __init__(
        self, router: Router, limits: Limits, bodies: Bodies, dispatch: Dispatch, closed: Callable[..., None]
    ) -> None:
        self._router, self._limits, self._dispatch, self._closed = router, limits, dispatch, closed
        self._bodies, self._held = bodies, 0
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._error: RequestError | None = None
        self._body = bytearray()
        self._waiting: deque[Call] = deque()
        self.busy = self.reading = self.leave = False
        self._dead = self._deaf = self.heard = False
        self.opened, self.deadline = self._loop.time(), inf
        self._current: Call | None = None
        self._start_message()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        self.transport = cast(asyncio.Transport, transport)
        self._until = self._loop.time() + self._limits.connection_seconds
        self.deadline = self._loop.time() + self._limits.receive_seconds

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget what was not dispatched yet."""
        self._dead = True
        self._waiting.clear()
        self._drop_body()
        self._give_back(self._held)
        self._closed(self)

    def eof_received(self) -> bool:
        """A client that has sent all it wants may still read: the answer is not taken from it."""
        self.leave = True
        return self.busy

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        self.heard = True
        if self._deaf:
            return
        if self._in_head:
            self._head_bytes += len(data)
        try:
            while data:
                data = self._parsed(data)
        except (httptools.HttpParserError, httptools.HttpParserCallbackError) as error:
            self._broken(self._refusal(error))

    def send(self, call: Call, response: Response) -> None:
        """Answer the request that was dispatched, and dispatch the next."""
        self.busy, self._current = False, None
        if self._dead:
            return
        self._give_back(len(call.request.body))
        keep = call.keep and (bool(self._waiting) if self.leave else self._loop.time() < self._until)
        self.transport.write(encoded(response, with_body=call.request.method != "HEAD", keep=keep))
        if not keep:
            self.close()
        elif self._waiting:
            self._next(self._waiting.popleft())
        else:
            limits = self._limits
            seconds = limits.receive_seconds if self.reading else limits.idle_seconds
            self.deadline = self._loop.time() + seconds

    def answered(self, call: Call) -> bool:
        """Whether nobody waits for the answer to this call any more."""
        return self._dead or self._current is not call

    def expire(self) -> None:
        """Say 408 where a request is on its way for too long; close where there is none."""
        if self.reading and not self.busy:
            self._broken(
                RequestError(
                    f"the request was not there after {self._limits.receive_seconds:g} s: send it faster",
                    "too slow",
                )
            )
        elif self._dead:
            self.transport.abort()
        else:
            self.close()

    def close(self) -> None:
        """Close once what was written is sent.

        Who still sends is given time to read why it is refused: what is unread at a close resets it.
        """
        self._dead, self.busy, self.reading = True, False, False
        linger = self._deaf and self.transport.can_write_eof()
        self.deadline = self._loop.time() + (_LINGER if linger else self._limits.receive_seconds)
        self.transport.write_eof() if linger else self.transport.close()

    def _parsed(self, data: bytes) -> bytes:
        """Parse; return what is to be parsed still: a wish for another protocol is not heard (RFC 9110, 7.8).

        Nothing is read after CONNECT, which no server of a model grants: what follows is not for it.
        """
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._request.method != "CONNECT":
                return data[upgrade.args[0] :]
            self._deaf = True
        return b""

    # What httptools calls while it parses.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._start_message()
        self.reading = True
        if not self.busy:
            self.deadline = self._loop.time() + self._limits.receive_seconds

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._url += url
        self._check_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header: those that come twice are joined."""
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text
        self._count += 1
        self._check_head()

    def on_headers_complete(self) -> None:
        """The head is there: find who answers, and whether it is refused already."""
        self._in_head, self._head_bytes = False, 0
        target = self._url.decode("latin-1")
        path, _, query = target.partition("?")
        method = self._parser.get_method().decode("latin-1")
        self._found = self._router.find(method, unquote(path))
        self._request = Request(method, unquote(path), query, self._headers, b"", target)
        self._error = self._found.error or self._head_error()
        if self._headers.get("expect", "").lower() == "100-continue":
            if self._error:
                raise self._error
            if not self.busy:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A piece of the body: kept up to the limit, and thrown away beyond it."""
        self._size += len(body)
        if self._size > _DISCARDED * self._limits.body_bytes:
            raise self._error or self._too_large()
        if self._size > self._limits.body_bytes:
            self._error = self._error or self._too_large()
        if not self._error and not self._bodies.take(len(body)):
            self._error = RequestError(
                "other requests fill the memory for bodies: ask again later", "overloaded"
            )
        if self._error:
            self._drop_body()
        else:
            self._held += len(body)
            self._body += body

    def on_message_complete(self) -> None:
        """The request is there."""
        self.reading, self._in_head = False, True
        keep = self._parser.should_keep_alive() and self._request.method != "CONNECT"
        call = Call(self._request._replace(body=bytes(self._body)), self._found, self._error, keep)
        self._body = bytearray()  # its bytes are the call's now, and are not held twice
        if not self.busy:
            self._next(call)
        elif len(self._waiting) < _MOST_AHEAD:
            self._waiting.append(call)
        else:
            raise RequestError("more requests than answers were read: read the answers", "overloaded")

    def _start_message(self) -> None:
        self._url, self._count, self._size = b"", 0, 0
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._error = None
        self._in_head, self._head_bytes = True, 0
        self._request = Request("", "", "", {}, b"")
        self._found = Found(self._router.refused, None, {}, frozenset())

    def _next(self, call: Call) -> None:
        self.busy, self.deadline, self._current = True, inf, call
        self._dispatch(self, call)

    def _drop_body(self) -> None:
        self._give_back(len(self._body))
        self._body.clear()

    def _give_back(self, count: int) -> None:
        self._held -= count
        self._bodies.give_back(count)

    def _check_head(self) -> None:
        limits = self._limits
        if (
            self._head_bytes > limits.head_bytes + 2**16
            or self._count > limits.headers
            or len(self._url) + sum(map(len, self._headers.values())) > limits.head_bytes
        ):
            raise RequestError(
                f"the head has more than {limits.headers} headers or {limits.head_bytes // 2**10} KiB",
                "head too large",
            )

    def _head_error(self) -> RequestError | None:
        encoding = self._headers.get("content-encoding", "").strip().lower()
        if encoding not in {"", "identity"}:
            return RequestError(
                f"Content-Encoding {encoding} is not read here: send the body as it is; images are "
                "compressed",
                "not supported",
            )
        length = self._headers.get("content-length", "")
        return self._too_large() if length.isdecimal() and int(length) > self._limits.body_bytes else None

    def _too_large(self) -> RequestError:
        limit = f"{self._limits.body_bytes // 2**20} MiB"
        return RequestError(f"the request is larger than {limit}: send a smaller image", "too large")

    def _refusal(self, error: Exception) -> RequestError:
        """What to say of a request that could not be parsed to its end."""
        for each in (error, error.__context__, error.__cause__):
            if isinstance(each, RequestError):
                return each
        transfer = self._headers.get("transfer-encoding", "").strip().lower()
        if transfer not in {"", "chunked"}:
            return RequestError(
                f"Transfer-Encoding {transfer} is not read here: send the body as it is, or chunked"
            )
        return RequestError(_BREAKS_OFF if not self._in_head else f"this is no request of HTTP/1.1 ({error})")

    def _broken(self, error: RequestError) -> None:
        """Refuse what cannot be read further, once what came before it is answered, and close."""
        self.reading, self._deaf = False, True
        self._drop_body()
        self._waiting.append(Call(self._request, self._found, error, keep=False))
        if not self.busy:
            self._next(self._waiting.popleft())
