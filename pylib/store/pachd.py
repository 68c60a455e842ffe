"""The connection to pachd: the SDK's own stubs, a deadline on every call, and errors in one line.

The stubs come from pachyderm-sdk (https://docs.pachyderm.com/latest/sdk); its `Client` would give neither
deadlines nor one kind of error, so the channel is made here.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import grpc
from grpc_interceptor import ClientCallDetails, ClientInterceptor
from pachyderm_sdk.api import metadata, pfs, pps

from pylib.errors import StoreError

DEFAULT_PORT = 30650
CALL_SECONDS = 60.0
TRANSFER_SECONDS = 1800.0
"""Deadlines of one RPC: a plain one, and one that moves data or waits for a commit to be finished."""

_TRANSFERS = ("CreateFileSet", "GetFile", "GetFileTAR", "InspectCommit", "WalkFile")
_MESSAGE_BYTES = 20 << 20  # what pachd itself allows
_CHANNEL = [
    ("grpc.max_receive_message_length", _MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),  # a peer that is gone is noticed within a transfer, too
    ("grpc.keepalive_timeout_ms", 20_000),
]
_TLS_ADVICE = (
    "is it up, is PACHD_ADDRESS right, and does GRPC_DEFAULT_SSL_ROOTS_FILE_PATH name the certificate "
    "of a private CA?"
)
_ADVICE = {
    grpc.StatusCode.UNAVAILABLE: "is it up, and is PACHD_ADDRESS right?",
    grpc.StatusCode.DEADLINE_EXCEEDED: "it did not answer in time: look at pachd, then try again",
    grpc.StatusCode.UNAUTHENTICATED: "log in with pachctl and set PACH_TOKEN to the session token",
    grpc.StatusCode.PERMISSION_DENIED: "ask for the role repoWriter on this repository",
    grpc.StatusCode.UNIMPLEMENTED: "this pachd is older than 2.12: upgrade it",
}


class Pachd:
    """An open connection; `pfs`, `metadata` and `pps` are the SDK's stubs of the services."""

    def __init__(
        self,
        address: str,
        token: str | None = None,
        *,
        call_seconds: float = CALL_SECONDS,
        transfer_seconds: float = TRANSFER_SECONDS,
    ) -> None:
        """Connect to `[grpc|grpcs|pachd://]host[:port]`, with a session token where auth is active."""
        self.address, self._secure = parse_address(address)
        self._channel = _channel(self.address, secure=self._secure)
        self._deadlines = _Deadlines(token, call_seconds, transfer_seconds)
        intercepted = grpc.intercept_channel(self._channel, self._deadlines)
        self._send_file_set = intercepted.stream_unary(
            "/pfs_v2.API/CreateFileSet", None, pfs.CreateFileSetResponse.FromString
        )
        self.pfs = pfs.ApiStub(intercepted)
        self.metadata = metadata.ApiStub(intercepted)
        self.pps = pps.ApiStub(intercepted)

    @classmethod
    def from_environment(cls, address: str | None = None) -> "Pachd":
        """Connect to the address, or to PACHD_ADDRESS, with PACH_TOKEN (or the SDK's own variable)."""
        address = address or os.environ.get("PACHD_ADDRESS")
        if not address:
            raise StoreError("PACHD_ADDRESS is not set: set it to host:port of pachd, or name another store")
        return cls(address, os.environ.get("PACH_TOKEN") or os.environ.get("PACH_PYTHON_AUTH_TOKEN"))

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def create_file_set(self, requests: Iterator[bytes]) -> str:
        """Send messages `ModifyFileRequest`, encoded, as a file set and return its id."""
        return str(self._send_file_set(requests).file_set_id)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Give all calls that this thread makes in the block so many seconds together."""
        with self._deadlines.within(seconds):
            yield

    @contextmanager
    def errors(self, what: str) -> Iterator[None]:
        """Turn a failed call into one line that says what was asked."""
        try:
            yield
        except grpc.RpcError as error:
            raise self.error(what, error) from error

    def error(self, what: str, error: grpc.RpcError) -> StoreError:
        """Return the error for a failed call."""
        code = error.code()
        advice = _ADVICE.get(code, "see pachd's log")
        if self._secure and code == grpc.StatusCode.UNAVAILABLE:
            advice = _TLS_ADVICE
        return StoreError(f"pachd {self.address}: {what}: {reason(error)} ({code.name}; {advice})")


def reason(error: grpc.RpcError) -> str:
    """Return what pachd says of a failed call, in one line and without the stack of a panic."""
    lines = (error.details() or "").split("\ngoroutine ")[0].split()
    return " ".join(lines) or "no reason given"


def parse_address(address: str) -> tuple[str, bool]:
    """Return `host:port` of `[grpc|grpcs|http|https|pachd://]host[:port]`, and whether TLS is asked for."""
    try:
        parts = urlsplit(address if "://" in address else f"grpc://{address}")
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError:  # a port that is no number, or half a pair of brackets
        host, port = None, DEFAULT_PORT
    if not host or parts.scheme not in {"grpc", "grpcs", "http", "https", "pachd"}:
        raise StoreError(f"{address!r} is no address of pachd: write pachd://host:port, or grpcs:// for TLS")
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{port}", parts.scheme in {"grpcs", "https"}


class _Deadlines(ClientInterceptor):  # type: ignore[misc]  # an untyped library
    """Adds a deadline and the session token to each call."""

    def __init__(self, token: str | None, call_seconds: float, transfer_seconds: float) -> None:
        self._metadata = [("authn-token", token)] if token else []
        self._call_seconds = call_seconds
        self._transfer_seconds = transfer_seconds
        self._budget = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        self._budget.end = time.monotonic() + seconds
        try:
            yield
        finally:
            del self._budget.end

    def _timeout(self, method: str) -> float:
        transfer = method.rpartition("/")[2] in _TRANSFERS
        timeout = self._transfer_seconds if transfer else self._call_seconds
        left: float = getattr(self._budget, "end", float("inf")) - time.monotonic()
        return max(0.001, min(timeout, left))

    def intercept(self, method: Callable[..., Any], request_or_iterator: Any, call_details: Any) -> Any:
        details = ClientCallDetails(
            method=call_details.method,
            timeout=self._timeout(call_details.method),
            metadata=[*(call_details.metadata or ()), *self._metadata],
            credentials=call_details.credentials,
            wait_for_ready=call_details.wait_for_ready,
            compression=call_details.compression,
        )
        return method(request_or_iterator, details)


def _channel(address: str, *, secure: bool) -> grpc.Channel:
    if secure:
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(), options=_CHANNEL)
    return grpc.insecure_channel(address, options=_CHANNEL)
