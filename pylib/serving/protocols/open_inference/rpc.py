"""Open Inference Protocol v2 over gRPC: the service inference.GRPCInferenceService.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/open_inference_grpc.proto
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import grpc
from numpy.typing import NDArray

from pylib.errors import RequestError
from pylib.serving.engine import Engine
from pylib.serving.protocols import arrays
from pylib.serving.protocols.messages import messages
from pylib.serving.protocols.open_inference import model, tensors
from pylib.serving.protocols.statuses import rpc

NAMES = ("inference.GRPCInferenceService",)
"""The service, for reflection."""
MESSAGES = messages(
    "inference",
    """
ServerLiveRequest
ServerLiveResponse
    1 live bool
ServerReadyRequest
ServerReadyResponse
    1 ready bool
ModelReadyRequest
    1 name string
    2 version string
ModelReadyResponse
    1 ready bool
ServerMetadataRequest
ServerMetadataResponse
    1 name string
    2 version string
    3 extensions repeated string
ModelMetadataRequest
    1 name string
    2 version string
TensorMetadata
    1 name string
    2 datatype string
    3 shape repeated int64
ModelMetadataResponse
    1 name string
    2 versions repeated string
    3 platform string
    4 inputs repeated TensorMetadata
    5 outputs repeated TensorMetadata
    6 properties map string
InferParameter
    1 bool_param bool oneof parameter_choice
    2 int64_param int64 oneof parameter_choice
    3 string_param string oneof parameter_choice
    4 double_param double oneof parameter_choice
    5 uint64_param uint64 oneof parameter_choice
InferTensorContents
    1 bool_contents repeated bool
    2 int_contents repeated int32
    3 int64_contents repeated int64
    4 uint_contents repeated uint32
    5 uint64_contents repeated uint64
    6 fp32_contents repeated float
    7 fp64_contents repeated double
    8 bytes_contents repeated bytes
Tensor
    1 name string
    2 datatype string
    3 shape repeated int64
    4 parameters map InferParameter
    5 contents InferTensorContents
InferRequestedOutputTensor
    1 name string
    2 parameters map InferParameter
ModelInferRequest
    1 model_name string
    2 model_version string
    3 id string
    4 parameters map InferParameter
    5 inputs repeated Tensor
    6 outputs repeated InferRequestedOutputTensor
    7 raw_input_contents repeated bytes
ModelInferResponse
    1 model_name string
    2 model_version string
    3 id string
    4 parameters map InferParameter
    5 outputs repeated Tensor
    6 raw_output_contents repeated bytes
""",
)


def add(engine: Engine, server: grpc.Server) -> None:
    """Add the service to a gRPC server."""
    answers: dict[str, Callable[[Any], Any]] = {
        "ServerLive": lambda _: _made("ServerLiveResponse", live=True),
        "ServerReady": lambda _: _made("ServerReadyResponse", ready=_is_ready(engine)),
        "ServerMetadata": lambda _: _made("ServerMetadataResponse", **model.server()),
        "ModelReady": partial(_model_ready, engine),
        "ModelMetadata": partial(_model_metadata, engine),
        "ModelInfer": partial(infer, engine),
    }
    methods = {name: rpc(MESSAGES[f"{name}Request"], answer) for name, answer in answers.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAMES[0], methods),))


def infer(engine: Engine, asked: Any) -> Any:
    """Answer a ModelInferRequest: with raw_output_contents where it has no typed contents; RequestError."""
    model.check(engine, asked.model_name, asked.model_version)
    known = {each.name: tensors.DATATYPES[each.dtype] for each in engine.outputs}
    names = list(dict.fromkeys(each.name for each in asked.outputs)) or list(known)
    arrays.check_names(names, list(known))
    found = arrays.answered(engine, _image(asked), names)
    made = _made(
        "ModelInferResponse",
        model_name=asked.model_name,
        model_version=engine.identity.model_digest,
        id=asked.id,
        parameters=dict(asked.parameters),
    )
    for name, value in arrays.tags(found.answers).items():
        made.parameters[name].string_param = value
    _add_outputs(made, found.arrays, known, raw=not asked.inputs[0].HasField("contents"))
    return made


def _image(asked: Any) -> NDArray[Any]:
    raw = asked.raw_input_contents
    if len(asked.inputs) != 1 or len(raw) > 1:
        raise RequestError(f"the request holds {len(asked.inputs)} inputs: send one, {arrays.INPUT}")
    (tensor,) = asked.inputs
    tensors.check_input(tensor.name, tensor.datatype)
    if raw and tensor.HasField("contents"):
        raise RequestError(f"{arrays.INPUT} has contents and raw_input_contents: send one of them")
    if raw:
        return tensors.from_bytes(tensor.datatype, list(tensor.shape), raw[0])
    return tensors.from_contents(tensor.datatype, list(tensor.shape), tensor.contents)


def _add_outputs(
    made: Any, found: Mapping[str, NDArray[Any]], known: Mapping[str, str], *, raw: bool
) -> None:
    for name, array in found.items():
        arrays.check_message(name, array)
        output = made.outputs.add(name=name, datatype=known[name], shape=array.shape)
        if raw:
            made.raw_output_contents.append(tensors.to_bytes(array))
        else:
            arrays.check_count(name, array)
            tensors.fill(output.contents, known[name], array)


def _made(name: str, /, **fields: Any) -> Any:
    return MESSAGES[name](**fields)


def _is_ready(engine: Engine) -> bool:
    try:
        engine.check_ready()
    except RequestError:
        return False
    return True


def _model_ready(engine: Engine, asked: Any) -> Any:
    model.check(engine, asked.name, asked.version)
    return _made("ModelReadyResponse", ready=_is_ready(engine))


def _model_metadata(engine: Engine, asked: Any) -> Any:
    model.check(engine, asked.name, asked.version)
    told = model.described(engine)
    parts = {
        name: [MESSAGES["TensorMetadata"](**each) for each in told.pop(name)]
        for name in ("inputs", "outputs")
    }
    return _made("ModelMetadataResponse", **told, **parts)
