"""What became of a request, as gRPC says it, and its refusal over REST as both tensor protocols say it."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import grpc

from pylib.errors import RequestError
from pylib.serving.http import STATUS, Response, json_response
from pylib.serving.message_cost import parser

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
    """A gRPC method that answers messages of a class; a RequestError is a status."""

    def handle(asked: Any, context: grpc.ServicerContext) -> Any:
        try:
            return answer(asked)
        except RequestError as error:
            _abort(context, error)

    return grpc.unary_unary_rpc_method_handler(handle, parser(message), lambda made: made.SerializeToString())


def _abort(context: grpc.ServicerContext, error: RequestError) -> NoReturn:
    context.abort(GRPC.get(error.kind, _CODES.INVALID_ARGUMENT), str(error))
    raise AssertionError  # abort raises
