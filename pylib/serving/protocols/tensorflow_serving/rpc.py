"""TensorFlow Serving over gRPC: PredictionService.Predict and GetModelMetadata, ModelService.GetModelStatus.

https://github.com/tensorflow/serving/tree/2.19.1/tensorflow_serving/apis (predict, model, get_model_metadata,
get_model_status) and https://github.com/tensorflow/tensorflow/tree/v2.21.0/tensorflow/core (framework/tensor,
framework/tensor_shape, protobuf/meta_graph).
"""

from functools import partial
from typing import Any

import grpc

from pylib.errors import RequestError
from pylib.serving.engine import Engine
from pylib.serving.protocols.arrays import INPUT, check_message
from pylib.serving.protocols.messages import messages
from pylib.serving.protocols.statuses import rpc
from pylib.serving.protocols.tensorflow_serving import described, signature, tensors

MESSAGES = messages(
    "tensorflow.serving",
    """
Int64Value
    1 value int64
ModelSpec
    1 name string
    2 version Int64Value oneof version_choice
    3 signature_name string
    4 version_label string oneof version_choice
Dim
    1 size int64
    2 name string
TensorShapeProto
    2 dim repeated Dim
    3 unknown_rank bool
TensorProto
    1 dtype int32
    2 tensor_shape TensorShapeProto
    3 version_number int32
    4 tensor_content bytes
    5 float_val repeated float
    6 double_val repeated double
    7 int_val repeated int32
    8 string_val repeated bytes
    10 int64_val repeated int64
    11 bool_val repeated bool
    13 half_val repeated int32
    16 uint32_val repeated uint32
    17 uint64_val repeated uint64
PredictRequest
    1 model_spec ModelSpec
    2 inputs map TensorProto
    3 output_filter repeated string
PredictResponse
    1 outputs map TensorProto
    2 model_spec ModelSpec
GetModelMetadataRequest
    1 model_spec ModelSpec
    2 metadata_field repeated string
Any
    1 type_url string
    2 value bytes
GetModelMetadataResponse
    1 model_spec ModelSpec
    2 metadata map Any
TensorInfo
    1 name string
    2 dtype int32
    3 tensor_shape TensorShapeProto
SignatureDef
    1 inputs map TensorInfo
    2 outputs map TensorInfo
    3 method_name string
SignatureDefMap
    1 signature_def map SignatureDef
GetModelStatusRequest
    1 model_spec ModelSpec
StatusProto
    1 error_code int32
    2 error_message string
ModelVersionStatus
    1 version int64
    2 state int32
    3 status StatusProto
GetModelStatusResponse
    1 model_version_status repeated ModelVersionStatus
""",
)
NAMES = ("tensorflow.serving.PredictionService", "tensorflow.serving.ModelService")
"""The services, for reflection."""
_AVAILABLE = 30
_SIGNATURES = "signature_def"


def add(engine: Engine, server: grpc.Server) -> None:
    """Add both services to a gRPC server."""
    prediction = {
        "Predict": rpc(MESSAGES["PredictRequest"], partial(predict, engine)),
        "GetModelMetadata": rpc(MESSAGES["GetModelMetadataRequest"], partial(metadata, engine)),
    }
    status = {"GetModelStatus": rpc(MESSAGES["GetModelStatusRequest"], partial(_status, engine))}
    for service, methods in zip(NAMES, (prediction, status), strict=True):
        handler = grpc.method_handlers_generic_handler(service, methods)
        server.add_generic_rpc_handlers((handler,))


def predict(engine: Engine, asked: Any) -> Any:
    """Answer a PredictRequest: the outputs that it filters for, else all. Raises RequestError."""
    _check(engine, asked.model_spec)
    signature.check_signature(asked.model_spec.signature_name)
    if list(asked.inputs) != [INPUT]:
        named = ", ".join(name[:80] for name in list(asked.inputs)[:5]) or "nothing"
        raise RequestError(f"there is no such input: {named}; the one input is {INPUT}")
    known = signature.outputs(engine)
    names = list(dict.fromkeys(asked.output_filter)) or list(known)
    found = signature.answered(engine, tensors.read(asked.inputs[INPUT]), names)
    made = MESSAGES["PredictResponse"](model_spec=_spec(engine, asked.model_spec.name))
    for name, array in found.items():
        check_message(name, array)
        tensors.write(made.outputs[name], described.DTYPES[known[name].dtype], array)
    return made


def _check(engine: Engine, spec: Any) -> None:
    number = str(spec.version.value) if spec.WhichOneof("version_choice") == "version" else ""
    signature.check_model(engine, spec.name, number, spec.version_label)


def _spec(engine: Engine, name: str) -> Any:
    version = MESSAGES["Int64Value"](value=signature.version(engine))
    return MESSAGES["ModelSpec"](name=name, version=version, signature_name=signature.NAME)


def metadata(engine: Engine, asked: Any) -> Any:
    """Answer a GetModelMetadataRequest for the signature; raises RequestError."""
    _check(engine, asked.model_spec)
    if list(asked.metadata_field) != [_SIGNATURES]:
        raise RequestError(f"metadata_field holds what is not known: ask for {_SIGNATURES} alone")
    made = MESSAGES["GetModelMetadataResponse"](model_spec=_spec(engine, asked.model_spec.name))
    made.metadata[_SIGNATURES].type_url = "type.googleapis.com/tensorflow.serving.SignatureDefMap"
    made.metadata[_SIGNATURES].value = _signatures(engine).SerializeToString()
    return made


def _signatures(engine: Engine) -> Any:
    told = described.metadata(engine, "")["metadata"][_SIGNATURES][_SIGNATURES][signature.NAME]
    made = MESSAGES["SignatureDefMap"]()
    one = made.signature_def[signature.NAME]
    one.method_name = told["method_name"]
    for side in ("inputs", "outputs"):
        for name, tensor in told[side].items():
            info = getattr(one, side)[name]
            info.name, info.dtype = name, tensors.NUMBERS[tensor["dtype"]]
            for size in tensor["tensor_shape"]["dim"]:
                info.tensor_shape.dim.add(size=int(size["size"]))
    return made


def _status(engine: Engine, asked: Any) -> Any:
    _check(engine, asked.model_spec)
    engine.check_ready()
    made = MESSAGES["GetModelStatusResponse"]()
    made.model_version_status.add(version=signature.version(engine), state=_AVAILABLE)
    made.model_version_status[0].status.error_code = 0
    return made
