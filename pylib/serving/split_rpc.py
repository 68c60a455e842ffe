"""The split's gRPC side: each call goes to the predictor that the table chooses, its messages as bytes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import grpc

from pylib.serving.split import Copies, Split

_HOST = "127.0.0.1"
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]
_CALLS = 32  # at once
_SECONDS = 90


def serve(port: int, split: Split, copies: Copies) -> grpc.Server:
    """A started server on a port of 127.0.0.1, of all methods that the predictors have."""
    server = grpc.server(ThreadPoolExecutor(_CALLS), options=_OPTIONS)
    server.add_generic_rpc_handlers((_Forward(split, copies),))
    server.add_insecure_port(f"{_HOST}:{port}")
    server.start()
    return server


class _Forward(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Sends calls on: on the wire one message is a stream of one."""

    def __init__(self, split: Split, copies: Copies) -> None:
        self._split, self._copies = split, copies
        self._channels: dict[int, grpc.Channel] = {}

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.stream_stream_rpc_method_handler(partial(self._answer, details.method))

    def _answer(
        self, method: str, messages: Iterator[bytes], context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        chosen, shadow = self._split.choose(method)
        metadata = [(key, value) for key, value in context.invocation_metadata() if not _is_of_one_hop(key)]
        sent: list[bytes] = []
        kept = _noted(messages, sent) if shadow else messages
        seconds = context.time_remaining()
        call = self._call(chosen.grpc, method)(kept, timeout=seconds, metadata=metadata, wait_for_ready=False)
        context.add_callback(call.cancel)
        try:
            context.send_initial_metadata(call.initial_metadata())
            yield from call
            context.set_trailing_metadata(call.trailing_metadata())
        except grpc.RpcError:
            context.set_trailing_metadata(call.trailing_metadata() or ())
            context.abort(call.code(), call.details() or "")
        finally:
            if shadow:
                self._copies.put(partial(self._copy, shadow.grpc, method, sent, metadata))

    def _copy(self, port: int, method: str, sent: list[bytes], metadata: list[tuple[str, Any]]) -> None:
        for _ in self._call(port, method)(iter(sent), timeout=_SECONDS, metadata=metadata):
            pass

    def _call(self, port: int, method: str) -> grpc.StreamStreamMultiCallable:
        if port not in self._channels:
            self._channels[port] = grpc.insecure_channel(f"{_HOST}:{port}", options=_OPTIONS)
        return self._channels[port].stream_stream(method)


def _noted(messages: Iterator[bytes], sent: list[bytes]) -> Iterator[bytes]:
    for message in messages:
        sent.append(message)
        yield message


def _is_of_one_hop(key: str) -> bool:
    return key.startswith(("grpc-", ":")) or key in {"user-agent", "content-type", "te"}
