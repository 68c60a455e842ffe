"""What became of a request, as gRPC says it, and its refusal over REST as both tensor protocols say it."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError

from pylib.errors import RequestError
from pylib.serving.http import STATUS, Response, json_response

_CODES = grpc.StatusCode
GRPC: Mapping[str, grpc.StatusCode] = {
    "bad request": _CODES.INVALID_ARGUMENT,
    "not found": _CODES.NOT_FOUND,
    "too slow": _CODES.DEADLINE_EXCEEDED,
    "too large": _CODES.RESOURCE_EXHAUSTED,
    "not supported": _CODES.UNIMPLEMENTED,
    "internal": _CODES.INTERNAL,
    "not ready": _CODES.UNAVAILABLE,
    "overloaded": _CODES.UNAVAILABLE,
    "no answer": _CODES.DEADLINE_EXCEEDED,
}
"""Of each kind of RequestError that a call can end with, as STATUS of pylib.serving.http is over HTTP."""


def refused(error: RequestError) -> Response:
    """A refusal over REST."""
    return json_response({"error": str(error)}, STATUS[error.kind])


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
    context.abort(GRPC.get(error.kind, _CODES.INVALID_ARGUMENT), str(error))
    raise AssertionError  # abort raises
