"""The split's HTTP side: each request goes to the predictor that the table chooses, byte by byte."""

import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from pylib.serving.split import Copies, Split

_HOST = "127.0.0.1"
_SECONDS = 90
_MOST = 64 * 2**20  # bytes; the servers themselves take less, and say so
_OF_ONE_HOP = {
    "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    "content-length", "expect",
}  # fmt: skip
_WITHOUT_BODY = {204, 304}
_LINE = 1024
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?\r?\n")


class Asked(NamedTuple):
    """A request as it goes on."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes


class Answered(NamedTuple):
    """An answer as it goes back."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


class RefusedError(Exception):
    """A request that cannot be sent on: its HTTP status, and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Server(ThreadingHTTPServer):
    """Listens on a port of 127.0.0.1 until it is closed."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, split: Split, copies: Copies) -> None:
        super().__init__((_HOST, port), _Handler)
        self.split, self.copies = split, copies
        self.is_closing = False
        self._running, self._idle = 0, threading.Condition()
        self._of_thread = threading.local()

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request as running."""
        with self._idle:
            self._running += 1
        try:
            yield
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def finish(self, seconds: float) -> None:
        """Take no more connections, and wait for the requests that run."""
        self.is_closing = True
        self.server_close()
        with self._idle:
            self._idle.wait_for(lambda: not self._running, seconds)

    def ask(self, port: int, asked: Asked) -> Answered:
        """Ask the server at that port, on a connection of the thread; raises OSError, HTTPException."""
        kept = self._kept().pop(port, None)
        if kept is not None:
            try:
                return self._on(kept, port, asked)
            except TimeoutError:
                raise
            except (OSError, HTTPException):  # it was closed since the last request
                kept.close()
        return self._on(HTTPConnection(_HOST, port, timeout=_SECONDS), port, asked)

    def _on(self, connection: HTTPConnection, port: int, asked: Asked) -> Answered:
        _send(connection, asked)
        response = connection.getresponse()
        answered = _answered(response)
        if not response.will_close:
            self._kept()[port] = connection
        return answered

    def _kept(self) -> dict[int, HTTPConnection]:
        """The thread's idle connections, by port."""
        if not hasattr(self._of_thread, "kept"):
            self._of_thread.kept = {}
        kept: dict[int, HTTPConnection] = self._of_thread.kept
        return kept


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def forward(self) -> None:
        with self.server.counted():
            try:
                answered = self._forwarded()
            except RefusedError as error:
                self.close_connection = True
                answered = Answered(error.status, "", [("Content-Type", "text/plain")], f"{error}\n".encode())
            self._write(answered)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = forward  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: the servers log."""

    def _forwarded(self) -> Answered:
        chosen, shadow = self.server.split.choose(self.path)
        asked = self._asked()
        if shadow:
            self.server.copies.put(partial(self.server.ask, shadow.http, asked))
        try:
            return self.server.ask(chosen.http, asked)
        except (OSError, HTTPException) as error:
            what = f"predictor {chosen.name} does not answer ({type(error).__name__})"
            raise RefusedError(503, f"{what}: its log is in {chosen.folder}") from error

    def _asked(self) -> Asked:
        kept = [(name, value) for name, value in self.headers.items() if name.lower() not in _OF_ONE_HOP]
        if "x-request-id" not in self.headers:
            kept.append(("X-Request-Id", str(uuid.uuid4())))
        return Asked(self.command, self.path, kept, self._body())

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return b"".join(self._chunks())
        length = self.headers.get("content-length", "0").strip()
        if not (length.isascii() and length.isdecimal()):
            raise RefusedError(400, "Content-Length is no number")
        if int(length) > _MOST:
            raise RefusedError(413, f"the request is larger than {_MOST // 2**20} MiB")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise RefusedError(400, "the request ended early")
        return body

    def _chunks(self) -> Iterator[bytes]:
        """The chunks of https://www.rfc-editor.org/rfc/rfc9112#section-7.1, without their frame."""
        read = 0
        while size := self._size():
            read += size
            if read > _MOST:
                raise RefusedError(413, f"the request is larger than {_MOST // 2**20} MiB")
            chunk = self.rfile.read(size + 2)
            if not chunk.endswith(b"\r\n") or len(chunk) < size + 2:
                raise RefusedError(400, "a chunk of the request is not as long as it says")
            yield chunk[:-2]
        while self.rfile.readline(_LINE).strip():  # trailers
            pass

    def _size(self) -> int:
        found = _SIZE.fullmatch(self.rfile.readline(_LINE))
        if not found:
            raise RefusedError(400, "a chunk of the request does not say how long it is")
        return int(found[1], 16)

    def _write(self, answered: Answered) -> None:
        self.send_response_only(answered.status, answered.reason or None)
        for name, value in answered.headers:
            self.send_header(name, value)
        if self.command != "HEAD" and answered.status not in _WITHOUT_BODY:
            self.send_header("Content-Length", str(len(answered.body)))
        if self.server.is_closing or self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answered.body)


def _send(connection: HTTPConnection, asked: Asked) -> None:
    connection.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
    for name, value in asked.headers:
        connection.putheader(name, value)
    if asked.body or asked.method in {"POST", "PUT", "PATCH"}:
        connection.putheader("Content-Length", str(len(asked.body)))
    connection.endheaders(asked.body or None)


def _answered(response: HTTPResponse) -> Answered:
    body = response.read()
    kept = [(name, value) for name, value in response.getheaders() if name.lower() not in _OF_ONE_HOP]
    return Answered(response.status, response.reason, kept, body)
