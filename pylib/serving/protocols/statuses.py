"""What became of a request, in HTTP's and in gRPC's numbers: the same for each protocol that is not Seldon's."""

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf.message import DecodeError

from pylib.errors import RequestError

HTTP = {
    "bad request": 400,
    "not found": 404,
    "no length": 411,
    "too large": 413,
    "not supported": 415,
    "not ready": 503,
}
_CODES = grpc.StatusCode
GRPC = {
    "bad request": _CODES.INVALID_ARGUMENT,
    "not found": _CODES.NOT_FOUND,
    "no length": _CODES.INVALID_ARGUMENT,
    "too large": _CODES.RESOURCE_EXHAUSTED,
    "not supported": _CODES.UNIMPLEMENTED,
    "not ready": _CODES.UNAVAILABLE,
}
Answered = TypeVar("Answered")


def rpc(message: Any, answer: Callable[[Any], Any]) -> grpc.RpcMethodHandler:
    """A gRPC method that answers messages of a class; a RequestError, or bytes of none such, is a status."""

    def handle(data: bytes, context: grpc.ServicerContext) -> Any:
        try:
            return answer(_parsed(message, data))
        except RequestError as error:
            _abort(context, error)

    return grpc.unary_unary_rpc_method_handler(
        handle, request_deserializer=None, response_serializer=lambda made: made.SerializeToString()
    )


def _parsed(message: Any, data: bytes) -> Any:
    """Here and not in gRPC, which would say that it is the server's own fault."""
    try:
        return message.FromString(data)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(f"the request is no {message.DESCRIPTOR.name}: it cannot be parsed") from error


def _abort(context: grpc.ServicerContext, error: RequestError) -> NoReturn:
    context.abort(GRPC[error.kind], str(error))
    raise AssertionError  # abort raises
