"""The split's HTTP side: each request goes to a predictor as the table has it, and its answer comes back.

What a client sends is read by the model server's own front, up to its limits: what no server would take is
refused here, with the same status, and a predictor is sent whole and sound requests only.
"""

import re
import threading
import uuid
from collections.abc import Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse

from pylib.errors import RequestError
from pylib.serving.front import Front
from pylib.serving.http import Found, Refused, Request, Response, Route, Router
from pylib.serving.limits import Limits
from pylib.serving.protocols import statuses
from pylib.serving.protocols.seldon import rest as seldon
from pylib.serving.split import Copies, Split

_HOST = "127.0.0.1"
_SECONDS = 90
_OF_ONE_HOP = {
    "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect",
    "content-length",
}  # fmt: skip
_OF_THE_FRONT = {*_OF_ONE_HOP, "date", "access-control-allow-origin"}
_SAID_LENGTH = {"content-length", "transfer-encoding"}
_ANY = re.compile(".*", re.DOTALL)
_OTHERS = ("/v1/", "/v2/")
"""Where the protocols that refuse alike have their paths; the rest is Seldon's."""


def front(split: Split, copies: Copies) -> Front:
    """What listens in the predictors' place: it has a thread for each call that a server may have waiting."""
    limits = Limits(answer_seconds=_SECONDS + 10)  # the predictors themselves say 504 before
    return Front(_Everything(_Forward(split, copies)), limits.calls, limits)


class _Forward:
    """Sends requests on, over connections that each thread keeps."""

    def __init__(self, split: Split, copies: Copies) -> None:
        self._split, self._copies = split, copies
        self._of_thread = threading.local()

    def __call__(self, request: Request, _: Mapping[str, str]) -> Response:
        """Ask the chosen predictor; raises RequestError where it does not answer."""
        chosen, shadow = self._split.choose(request.path)
        request = request._replace(headers=_headers(request))
        if shadow:
            self._copies.put(partial(self._ask, shadow.http, request))
        try:
            return self._ask(chosen.http, request)
        except (OSError, HTTPException) as error:
            what = f"predictor {chosen.name} does not answer ({type(error).__name__})"
            raise RequestError(f"{what}: its log is in {chosen.folder}", "not ready") from error

    def _ask(self, port: int, request: Request) -> Response:
        kept = self._kept().pop(port, None)
        if kept is not None:
            try:
                return self._on(kept, port, request)
            except TimeoutError:
                raise
            except (OSError, HTTPException):  # it was closed since the last request
                kept.close()
        return self._on(HTTPConnection(_HOST, port, timeout=_SECONDS), port, request)

    def _on(self, connection: HTTPConnection, port: int, request: Request) -> Response:
        _send(connection, request)
        response = connection.getresponse()
        answered = _answered(response, request.method)
        if not response.will_close:
            self._kept()[port] = connection
        return answered

    def _kept(self) -> dict[int, HTTPConnection]:
        """The thread's idle connections, by port."""
        if not hasattr(self._of_thread, "kept"):
            self._of_thread.kept = {}
        kept: dict[int, HTTPConnection] = self._of_thread.kept
        return kept


class _Everything(Router):
    """Has one handler answer every method at every path: what is where, the predictors know."""

    def __init__(self, forward: _Forward) -> None:
        self._forward = forward
        self.refused = seldon.refused

    def find(self, method: str, path: str) -> Found:
        """The one route; a request that goes nowhere is refused in the form of its path's protocol."""
        refused: Refused = statuses.refused if path.startswith(_OTHERS) else self.refused
        return Found(refused, Route(frozenset({method}), _ANY, self._forward), {}, frozenset())


def _headers(request: Request) -> dict[str, str]:
    """Those that go on; a body's length is said where the client said one."""
    kept = {name: value for name, value in request.headers.items() if name not in _OF_ONE_HOP}
    kept.setdefault("x-request-id", str(uuid.uuid4()))
    if _SAID_LENGTH & request.headers.keys():
        kept["content-length"] = str(len(request.body))
    return kept


def _send(connection: HTTPConnection, request: Request) -> None:
    connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers.items():
        connection.putheader(name, value.encode("latin-1"))
    connection.endheaders(request.body or None)


def _answered(response: HTTPResponse, method: str) -> Response:
    body = response.read()
    headers = {name: value for name, value in response.getheaders() if name.lower() not in _OF_THE_FRONT}
    if method == "HEAD":
        headers["Content-Length"] = response.getheader("Content-Length", "0")
    return Response(response.status, body, headers)
