"""The connection to pachd: the SDK's own stubs, a deadline on every call, and errors in one line.

The stubs come from pachyderm-sdk (https://docs.pachyderm.com/latest/sdk); its `Client` would give neither
deadlines nor one kind of error, so the channel is made here.
"""

import os
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
_ADVICE = {
    grpc.StatusCode.UNAVAILABLE: "is it up, and is PACHD_ADDRESS right?",
    grpc.StatusCode.DEADLINE_EXCEEDED: "it did not answer in time: look at pachd, then try again",
    grpc.StatusCode.UNAUTHENTICATED: "log in with pachctl and set PACH_TOKEN to the session token",
    grpc.StatusCode.PERMISSION_DENIED: "ask for the right to write to this repository",
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
        parts = urlsplit(address if "://" in address else f"grpc://{address}")
        if not parts.hostname or parts.scheme not in {"grpc", "grpcs", "http", "https", "pachd"}:
            raise StoreError(
                f"{address!r} is no address of pachd: write pachd://host:port, or grpcs:// for TLS"
            )
        self.address = f"{parts.hostname}:{parts.port or DEFAULT_PORT}"
        secure = parts.scheme in {"grpcs", "https"}
        channel = _channel(self.address, secure=secure)
        deadlines = _Deadlines(token, call_seconds, transfer_seconds)
        self._channel = channel
        intercepted = grpc.intercept_channel(channel, deadlines)
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
        return StoreError(f"pachd {self.address}: {what}: {error.details()} ({code.name}; {advice})")


class _Deadlines(ClientInterceptor):  # type: ignore[misc]  # an untyped library
    """Adds a deadline and the session token to each call."""

    def __init__(self, token: str | None, call_seconds: float, transfer_seconds: float) -> None:
        self._metadata = [("authn-token", token)] if token else []
        self._call_seconds = call_seconds
        self._transfer_seconds = transfer_seconds

    def intercept(self, method: Callable[..., Any], request_or_iterator: Any, call_details: Any) -> Any:
        transfer = call_details.method.rpartition("/")[2] in _TRANSFERS
        details = ClientCallDetails(
            method=call_details.method,
            timeout=self._transfer_seconds if transfer else self._call_seconds,
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
