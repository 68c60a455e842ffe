"""Calls over gRPC: sound messages of each protocol, bytes that are none, and what no gRPC client sends."""

import random
import socket
import time
from contextlib import closing, suppress
from typing import NamedTuple

import grpc

from benchmarks.mutations.images import image
from pylib.serving.protocols.open_inference import rpc as open_inference
from pylib.serving.protocols.tensorflow_serving import rpc as tensorflow_serving

Draw = random.Random
_SELDON = [
    "/seldon.protos.Seldon/Predict",
    "/seldon.protos.Model/Predict",
    "/seldon.protos.Seldon/SendFeedback",
]
_OPEN = "/inference.GRPCInferenceService"
_TENSORFLOW = "/tensorflow.serving.PredictionService"
_OTHERS = [
    f"{_OPEN}/ModelMetadata", f"{_OPEN}/ServerLive", f"{_TENSORFLOW}/GetModelMetadata",
    f"{_TENSORFLOW}/Classify",
    "/tensorflow.serving.ModelService/GetModelStatus", "/other.Service/Call", "/",
    "/seldon.protos.Seldon/ModelMetadata",
]  # fmt: skip


class Call(NamedTuple):
    """A method, and the bytes of a message."""

    kind: str
    method: str
    data: bytes


def call(draw: Draw) -> Call:
    """A sound call with a strange file, a strange call, or bytes that are none."""
    kind, data = image(draw)
    made = draw.choice([seldon, open_infer, tensorflow_predict])(data, draw)
    chance = draw.random()
    if chance < 0.4:
        return made._replace(kind=f"gRPC, file: {kind}")
    if chance < 0.6:
        return _flipped(draw, made)
    if chance < 0.8:
        return _heavy(draw) if draw.random() < 1 / 60 else _strange(draw)
    return made._replace(
        kind="gRPC: garbage",
        method=draw.choice([made.method, *_SELDON, *_OTHERS]),
        data=draw.choice(
            [b"", draw.randbytes(draw.randint(1, 300)), b"\x0a" * 5000, made.data[: draw.randrange(99)]]
        ),
    )


def seldon(data: bytes, draw: Draw) -> Call:
    """A SeldonMessage's binData, or that of a feedback's truth."""
    message = b"\x22" + _varint(len(data)) + data
    method = draw.choice(_SELDON)
    if method.endswith("Feedback"):
        message = b"\x22" + _varint(len(message)) + message
    return Call("gRPC: sound", method, message)


def open_infer(data: bytes, draw: Draw) -> Call:
    """A file as raw bytes or as contents."""
    asked = open_inference.MESSAGES["ModelInferRequest"](model_name="model")
    tensor = asked.inputs.add(name="image", datatype="BYTES", shape=[1])
    if draw.random() < 0.5:
        asked.raw_input_contents.append(len(data).to_bytes(4, "little") + data)
    else:
        tensor.contents.bytes_contents.append(data)
    return Call("gRPC: sound", f"{_OPEN}/ModelInfer", asked.SerializeToString())


def tensorflow_predict(data: bytes, draw: Draw) -> Call:
    """A file as a string tensor."""
    asked = tensorflow_serving.MESSAGES["PredictRequest"]()
    asked.model_spec.name = draw.choice(["model", "segmentation"])
    asked.inputs["image"].dtype = 7
    asked.inputs["image"].string_val.append(data)
    return Call("gRPC: sound", f"{_TENSORFLOW}/Predict", asked.SerializeToString())


def _flipped(draw: Draw, made: Call) -> Call:
    data = bytearray(made.data)
    for _ in range(draw.randint(1, 5)):
        data[draw.randrange(min(len(data), draw.choice([20, len(data)])))] = draw.randrange(256)
    return made._replace(kind="gRPC: bytes changed", data=bytes(data))


def _strange(draw: Draw) -> Call:
    """Well-formed messages that make no sense."""
    if draw.random() < 0.5:
        asked = open_inference.MESSAGES["ModelInferRequest"](
            model_name=draw.choice(["model", "", "x" * 9999])
        )
        for _ in range(draw.choice([0, 1, 1, 1, 2, 500])):
            kind = draw.choice(["UINT8", "FP32", "FP16", "INT64", "BYTES", "BF16", ""])
            tensor = asked.inputs.add(name=draw.choice(["image", "x"]), datatype=kind)
            tensor.shape.extend(
                draw.choice([[1], [], [-1], [0], [2, 2, 3], [2**40] * 3, [2**62, 4, 3], [1] * 90])
            )
            tensor.contents.fp32_contents.extend([float("nan")] * draw.choice([0, 12]))
        asked.raw_input_contents.extend([draw.randbytes(draw.choice([0, 12, 48]))] * draw.choice([0, 1, 2]))
        return Call("gRPC: strange tensors", f"{_OPEN}/ModelInfer", asked.SerializeToString())
    asked = tensorflow_serving.MESSAGES["PredictRequest"]()
    asked.model_spec.name = "model"
    tensor = asked.inputs[draw.choice(["image", "image", "x", ""])]
    tensor.dtype = draw.choice([1, 3, 4, 7, 14, 19, 20, 999, -1])
    for size in draw.choice([[], [1], [2, 2, 3], [3000, 3000, 3], [2**40, 2**40, 3], [-1], [1] * 90]):
        tensor.tensor_shape.dim.add(size=size)
    tensor.int_val.extend([300] * draw.choice([0, 1, 12]))
    tensor.tensor_content = draw.randbytes(draw.choice([0, 1, 12, 48]))
    asked.output_filter.extend(draw.choice([[], ["x"], ["classes"] * 1000]))
    return Call("gRPC: strange tensors", f"{_TENSORFLOW}/Predict", asked.SerializeToString())


def _heavy(draw: Draw) -> Call:
    """Very many numbers or fields, each of which costs more than its bytes."""
    size = draw.choices([2 * 10**5, 2 * 10**6, 19 * 2**20], [10, 10, 1])[0]
    image = _field(1, b"image")
    method, data = draw.choice(
        [
            (f"{_OPEN}/ModelInfer", _field(5, image + _field(5, _field(2, bytes(size))))),
            (f"{_OPEN}/ModelInfer", _field(5, b"") * (size // 2)),
            (f"{_OPEN}/ModelInfer", _field(7, b"") * (size // 2)),
            (f"{_TENSORFLOW}/Predict", _field(2, image + _field(2, _field(7, bytes(size))))),
            (f"{_TENSORFLOW}/Predict", _field(3, b"") * (size // 2)),
            (_SELDON[0], _field(3, _field(2, _field(2, bytes(size))))),
            (_SELDON[0], _field(3, _field(3, _field(1, b"\x11" + bytes(8)) * (size // 11)))),
            (_SELDON[2], b"\x0b" * size),
        ]
    )
    return Call("gRPC: very many values", method, data)


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def ask(channel: grpc.Channel, made: Call, seconds: float) -> tuple[str, bytes]:
    """The name of the status, and the answer's bytes."""
    try:
        return "OK", channel.unary_unary(made.method)(made.data, timeout=seconds)
    except grpc.RpcError as error:
        return error.code().name, b""


def garbage(draw: Draw, address: tuple[str, int], seconds: float) -> str:
    """Send the gRPC port what is no HTTP/2, and wait for the end; raises TimeoutError where none comes."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    data = draw.choice([
        draw.randbytes(200), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", preface + draw.randbytes(400),
        preface + bytes(9000),
        preface[:10], preface + b"\xff\xff\xff\x00\x00\x00\x00\x00\x00", b"",
    ])  # fmt: skip
    until = time.monotonic() + seconds
    with closing(socket.create_connection(address, timeout=seconds)) as connection:
        with suppress(OSError):  # it has seen enough
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while connection.recv(1 << 16):
                connection.settimeout(max(0.01, until - time.monotonic()))
    return "closed"


def _varint(number: int) -> bytes:
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])
