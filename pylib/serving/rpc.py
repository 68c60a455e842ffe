"""The server over gRPC that all protocols share."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from grpc_reflection.v1alpha import reflection

from pylib.errors import RequestError, ServingError
from pylib.serving.limits import Limits

Add = Callable[[grpc.Server], None]
_PATIENCE = 1.0  # seconds; it holds one of the threads that messages are read in
_WAITS = "/SendFeedback"  # for the inbox, and holds up nobody who computes


def start(
    address: str,
    adders: Sequence[Add],
    services: Sequence[str],
    threads: int,
    limits: Limits,
    *,
    shared: bool = False,
) -> grpc.Server:
    """Listen at `address` with what each of `adders` adds; raises ServingError where that is taken.

    shared: with other processes of this server, among which the kernel deals out the connections; and then
        with any other that would share, so that who calls looks before whether it is taken

    Calls beyond those that REST may have too are refused with RESOURCE_EXHAUSTED.

    gRPC reads a message in the thread that answers it, so that who sends slowly holds one. There are as many
    as messages may be held (`Limits.receiving`); of what no thread reads yet, gRPC takes a window of 64 KiB,
    which its probing of the bandwidth (`bdp_probe`) would let grow to megabytes. `threads` of them compute.
    """
    options = [
        ("grpc.max_receive_message_length", limits.message_bytes),
        ("grpc.max_send_message_length", limits.message_bytes),
        ("grpc.max_connection_age_ms", int(1000 * limits.connection_seconds)),
        ("grpc.max_connection_age_grace_ms", int(1000 * (limits.receive_seconds + limits.answer_seconds))),
        ("grpc.http2.bdp_probe", 0),
        ("grpc.max_metadata_size", limits.head_bytes),
        ("grpc.so_reuseport", int(shared)),
    ]
    pool = ThreadPoolExecutor(max(threads, limits.receiving), "rpc")
    server = grpc.server(
        pool,
        options=options,
        maximum_concurrent_rpcs=limits.calls,
        interceptors=[_Parsing(threads, max(1, limits.receiving // 2))],
    )
    for add in adders:
        add(server)
    reflection.enable_server_reflection((*services, reflection.SERVICE_NAME), server)
    try:
        server.add_insecure_port(address)
    except RuntimeError as error:
        raise ServingError(f"port {address} for gRPC is in use: stop what uses it") from error
    server.start()
    return server


class _Parsing(grpc.ServerInterceptor):  # type: ignore[misc]
    """Parses a message where its call is answered: gRPC itself says INTERNAL of bytes that are no message.

    threads: how many calls compute at a time; waiting: how many may wait for another service, beside them
    """

    def __init__(self, threads: int, waiting: int) -> None:
        self._computing, self._waiting = threading.Semaphore(threads), threading.Semaphore(waiting)

    @contextmanager
    def _place(self, method: str, context: grpc.ServicerContext) -> Iterator[None]:
        """A place for a call: who computes waits for one, what waits for another service a second at most."""
        waits = method.endswith(_WAITS)
        place = self._waiting if waits else self._computing
        if not place.acquire(timeout=_PATIENCE if waits else None):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "feedback waits already: try again later")
        try:
            yield
        finally:
            place.release()

    def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        """Return the method with its parsing inside."""
        handler = continuation(details)
        if handler is None or handler.unary_unary is None or handler.request_deserializer is None:
            return handler

        def answer(data: bytes, context: grpc.ServicerContext) -> Any:
            with self._place(details.method, context):
                request = _parsed(handler.request_deserializer, data, context)
                try:
                    return handler.unary_unary(request, context)
                except RecursionError:
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the message is nested too deeply")

        return grpc.unary_unary_rpc_method_handler(answer, None, handler.response_serializer)


def _parsed(parse: Callable[[bytes], Any], data: bytes, context: grpc.ServicerContext) -> Any:
    try:
        return parse(data)
    except RequestError as error:
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))
    except Exception:  # noqa: BLE001  (whatever a version of protobuf raises)
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the bytes are no message of this method")
