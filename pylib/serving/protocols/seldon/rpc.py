"""Seldon's protocol over gRPC: the services that its clients and its executor call.

https://docs.seldon.io/projects/seldon-core/en/v1.17.1/reference/apis/prediction.html
"""

from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from seldon_core.proto import prediction_pb2 as messages

from pylib.errors import RequestError
from pylib.serving.engine import Engine
from pylib.serving.http import STATUS
from pylib.serving.message_cost import parser
from pylib.serving.protocols.seldon.payload import read_proto, read_proto_meta
from pylib.serving.protocols.seldon.predictor import Message, Predictor

NAMES = ("seldon.protos.Seldon", "seldon.protos.Model")
"""The services, for reflection."""


def add(engine: Engine, server: grpc.Server) -> None:
    """Let the server answer Seldon's calls: clients call `Seldon`, the executor `Model`."""
    servicer = _Servicer(engine)
    asked = {
        "Predict": messages.SeldonMessage,
        "SendFeedback": messages.Feedback,
        "Metadata": empty_pb2.Empty,
        "ModelMetadata": messages.SeldonModelMetadataRequest,
        "GraphMetadata": empty_pb2.Empty,
    }
    methods = {
        name: grpc.unary_unary_rpc_method_handler(
            getattr(servicer, name), parser(message), lambda made: made.SerializeToString()
        )
        for name, message in asked.items()
    }
    for service in NAMES:
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))


class _Servicer:
    """An error is an answer whose `status` says what REST says, as Seldon's own server has it."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._predictor = engine, Predictor(engine)

    def Predict(self, request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: N802  (gRPC's name)
        """Answer a SeldonMessage."""
        try:
            image = read_proto(request, self._engine.sample_bits)
            in_numbers = request.WhichOneof("data_oneof") == "data"
            made = self._predictor.answered(image, read_proto_meta(request), in_numbers=in_numbers)
        except RequestError as error:
            made = _failure(error)
        return json_format.ParseDict(made, messages.SeldonMessage())

    def SendFeedback(self, request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Keep a Feedback."""
        try:
            # a gRPC message cannot tell a reward of 0 from none
            made = self._predictor.kept(request, rewarded=bool(request.reward))
        except RequestError as error:
            made = _failure(error)
        return json_format.ParseDict(made, messages.SeldonMessage())

    def Metadata(self, _request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: N802
        """What the executor asks of a model."""
        return _metadata(self._predictor)

    def ModelMetadata(self, _request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: N802
        """What a client asks."""
        return _metadata(self._predictor)

    def GraphMetadata(self, _request: Any, context: grpc.ServicerContext) -> None:  # noqa: N802
        """Of graphs with more than one model; there is none here."""
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "this is one model: call ModelMetadata")


def _metadata(predictor: Predictor) -> Any:
    return json_format.ParseDict(
        predictor.metadata(), messages.SeldonModelMetadata(), ignore_unknown_fields=True
    )


def _failure(error: RequestError) -> Message:
    reason = "NOT_READY" if error.kind == "not ready" else "BAD_REQUEST"
    told = {"code": STATUS[error.kind], "info": str(error), "reason": reason, "status": "FAILURE"}
    return {"status": told}
