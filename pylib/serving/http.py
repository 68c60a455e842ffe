"""What every protocol over HTTP is made of, whichever server carries it: requests, responses and routes."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

from pylib.errors import RequestError

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
JSON: Mapping[str, str] = MappingProxyType({"Content-Type": "application/json"})

STATUS: Mapping[str, int] = MappingProxyType(
    {
        "bad request": 400,
        "not found": 404,
        "not allowed": 405,
        "too slow": 408,
        "no length": 411,
        "too large": 413,
        "not supported": 415,
        "head too large": 431,
        "internal": 500,
        "not ready": 503,
        "overloaded": 503,
        "no answer": 504,
    }
)
"""Of each kind of RequestError, its status over HTTP."""

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Request(NamedTuple):
    """A whole request: the path is decoded, the query is not; the names of headers are lower-case.

    target: path and query as the client wrote them, for who sends the request on
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    target: str = ""


class Response(NamedTuple):
    """An answer; Content-Length, Date, Connection and CORS are the server's to add.

    To HEAD, whoever has no body to count may say the Content-Length himself.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = NO_HEADERS


Handler = Callable[[Request, Mapping[str, str]], Response]
Refused = Callable[[RequestError], Response]


class Route(NamedTuple):
    """What answers some methods at the paths that `pattern` matches as a whole; HEAD comes with GET.

    handler: called in a thread of the pool with the request and the pattern's named groups; may raise
        RequestError
    inline: the handler takes no time and is called at once, however many calls wait, as a probe must be
    waits: the handler waits for another service: it takes no thread and no place from those who compute
    """

    methods: frozenset[str]
    pattern: re.Pattern[str]
    handler: Handler
    inline: bool = False
    waits: bool = False


class Protocol(NamedTuple):
    """The routes of a protocol, and how it says a RequestError."""

    routes: Sequence[Route]
    refused: Refused


class Found(NamedTuple):
    """What answers a request: its protocol's way to refuse, the route, the groups, the path's methods."""

    refused: Refused
    route: Route | None
    groups: Mapping[str, str]
    methods: frozenset[str]
    error: RequestError | None = None


class Router:
    """Finds who answers; what nobody does is refused as the first protocol refuses."""

    def __init__(self, protocols: Sequence[Protocol]) -> None:
        self._routes = [(route, protocol.refused) for protocol in protocols for route in protocol.routes]
        self.refused = protocols[0].refused
        self._unknown = "there is nothing at this path"
        if any(route.pattern.fullmatch("/api/v1.0/predictions") for route, _ in self._routes):
            self._unknown += ": POST an image to /api/v1.0/predictions"

    def find(self, method: str, path: str) -> Found:
        """Find the route; `error` says why there is none."""
        wanted = "GET" if method == "HEAD" else method
        matches = [(route, r, m) for route, r in self._routes if (m := route.pattern.fullmatch(path))]
        for route, refused, match in matches:
            if wanted in route.methods:
                return Found(refused, route, match.groupdict(), route.methods)
        if not matches:
            return Found(self.refused, None, {}, frozenset(), RequestError(self._unknown, "not found"))
        methods = frozenset().union(*(route.methods for route, _, _ in matches))
        sentence = f"{method} is not allowed here: use {' or '.join(sorted(methods))}"
        return Found(matches[0][1], None, {}, methods, RequestError(sentence, "not allowed"))


def json_response(value: Any, status: int = 200) -> Response:
    """An answer of JSON."""
    return Response(status, json.dumps(value, separators=(",", ":")).encode(), JSON)


def encoded(response: Response, *, with_body: bool, keep: bool) -> bytes:
    """The response as it is sent; every page may read it, as with Seldon's own server (CORS).

    keep: whether the connection stays open
    """
    lines = [f"HTTP/1.1 {response.status} {_PHRASES.get(response.status, '')}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if "Content-Length" not in response.headers:
        lines += [f"Content-Length: {len(response.body)}"]
    lines += [
        f"Date: {formatdate(usegmt=True)}",
        "Access-Control-Allow-Origin: *",
        f"Connection: {'keep-alive' if keep else 'close'}",
    ]
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return head + response.body if with_body else head
