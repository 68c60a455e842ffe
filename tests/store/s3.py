"""A real S3 server on the loopback (moto's), which can be told to fail as real ones do.

moto looks at a condition and writes then, in threads, so two of a race may win; Amazon's and SeaweedFS's do
not let them. Requests therefore come one at a time here, unless `racy` asks for a server that gets it wrong.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import make_server

Environment = dict[str, Any]
CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")
BUCKET = "data"
ERRORS = {  # code: status and message, as Amazon writes them
    "ConditionalRequestConflict": (409, "A conflicting conditional operation is currently in progress"),
    "SlowDown": (503, "Please reduce your request rate."),
    "InternalError": (500, "We encountered an internal error. Please try again."),
    "AccessDenied": (403, "Access Denied"),
    "InvalidAccessKeyId": (403, "The AWS Access Key Id you provided does not exist in our records."),
    "NotImplemented": (501, "A header you provided implies functionality that is not implemented"),
}


@dataclass(frozen=True)
class Request:
    """What was asked of the server; `condition` is If-Match or If-None-Match of a write."""

    method: str
    key: str
    condition: str


@dataclass
class S3:
    """The server. `fault` gives a request's error code, or `lost`: done, but the answer never comes."""

    endpoint: str = ""
    fault: Callable[[Request], str | None] = lambda _: None
    unconditional: bool = False
    racy: bool = False
    requests: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _moto: Any = field(default_factory=lambda: DomainDispatcherApplication(create_backend_app))

    def __call__(self, environment: Environment, start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        if self.racy and any(environment.get(name) for name in CONDITIONS):
            return self._race(environment, start)
        with self._lock:
            request = _request(environment)
            self.requests.append(request)
            if self.unconditional:
                environment = {key: value for key, value in environment.items() if key not in CONDITIONS}
            code = self.fault(request)
            if code == "lost":
                list(self._moto(environment, lambda *_: None))
                return _error("InternalError", start)
            if code:
                environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
                return _error(code, start)
            return list(self._moto(environment, start))

    def _race(self, environment: Environment, start: Callable[..., Any]) -> Iterable[bytes]:
        """Look first and write then, as SeaweedFS did before 4.18."""
        with self._lock:
            there = self.content().get(_request(environment).key)
        wanted = environment.get("HTTP_IF_MATCH")
        if bool(there) is not bool(wanted) or (wanted and there.etag != wanted):
            return [b""] if start("412 Precondition Failed", [("Content-Length", "0")]) else []
        time.sleep(0.05)
        with self._lock:
            rest = {key: value for key, value in environment.items() if key not in CONDITIONS}
            return list(self._moto(rest, start))

    def content(self) -> dict[str, Any]:
        """What is in the bucket, by key."""
        return {
            key: value for bucket in self._backend().buckets.values() for key, value in bucket.keys.items()
        }

    def age(self, days: float, only: str = "") -> None:
        """Make what is in the bucket older, all of it or one key."""
        with self._lock:
            for name, key in self.content().items():
                if only in {"", name}:
                    key.last_modified -= timedelta(days=days)

    @staticmethod
    def _backend() -> Any:
        return s3_backends["123456789012"]["aws"]


def _request(environment: Environment) -> Request:
    _, _, key = unquote(environment["PATH_INFO"]).lstrip("/").partition("/")
    conditional = environment["REQUEST_METHOD"] == "PUT"
    condition = next((environment[name] for name in CONDITIONS if environment.get(name) and conditional), "")
    return Request(environment["REQUEST_METHOD"], key, condition)


def _error(code: str, start: Callable[..., Any]) -> list[bytes]:
    status, message = ERRORS[code]
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    start(f"{status} {code}", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


class _Quiet(MotoRequestHandler):
    def log_request(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[S3]:
    """Start a server with an empty bucket `data`, and stop it."""
    s3 = S3()
    server = make_server("127.0.0.1", 0, s3, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    s3.endpoint = f"http://127.0.0.1:{server.server_port}"
    S3._backend().reset()
    S3._backend().create_bucket(BUCKET, "us-east-1")
    try:
        yield s3
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
