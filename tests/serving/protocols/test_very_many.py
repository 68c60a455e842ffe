"""What hostile requests have found, each by itself on a real server: a 500, or a minute, or gigabytes."""

import json

import grpc
import pytest
import requests

from pylib.serving import local
from pylib.serving.limits import MAX_FEEDBACK_VALUES, MAX_MESSAGE_VALUES

pytestmark = pytest.mark.slow
JSON = {"Content-Type": "application/json"}
PREDICT, FEEDBACK = "/api/v1.0/predictions", "/api/v1.0/feedback"
TENSOR = b'{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":['
NUMBERS = b'{"truth":{"data":{"ndarray":['
MANY = MAX_MESSAGE_VALUES // 10 + 1


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        (PREDICT, b'{"binData":"\\ud800"}', 400, "not base64"),
        (FEEDBACK, b'{"truth":{"jsonData":' + b"[" * 900 + b"]" * 900 + b"}}", 400, "nested too deeply"),
        (
            FEEDBACK,
            b'{"truth":{"data":{"ndarray":[' + b"1," * (MAX_FEEDBACK_VALUES + 1) + b"1]}}}",
            413,
            "too many values",
        ),
        (
            PREDICT,
            json.dumps({"data": {"ndarray": ["a" * 10_000_000, *["b"] * 1_000]}}).encode(),
            400,
            "no numbers",
        ),
        ("/v2/models/model/infer", TENSOR + b'"",' * 100_000 + b'""]}]}', 400, "more than 16 files"),
        ("/v1/models/model:predict", b'{"instances":[' + b"[]," * 100_000 + b"[]]}", 400, "100,001 images"),
    ],
)
def test_of_very_many_or_deep_values_there_is_an_answer_at_once(server, path, body, status, reason):
    said = requests.post(server.url + path, data=body, headers=JSON, timeout=30)
    assert (said.status_code, reason in said.text) == (status, True), said.text[:300]


def test_a_boundary_that_is_too_long_is_refused(server: local.Server):
    headers = {"Content-Type": f"multipart/form-data; boundary={'x' * 300}"}
    assert requests.post(server.url + PREDICT, data=b"--x", headers=headers, timeout=30).status_code == 400


@pytest.mark.parametrize(
    ("method", "data", "code"),
    [
        ("/inference.GRPCInferenceService/ModelInfer", b"\x2a\x00" * MANY, "RESOURCE_EXHAUSTED"),
        ("/tensorflow.serving.PredictionService/Predict", b"\x1a\x00" * MANY, "RESOURCE_EXHAUSTED"),
        ("/seldon.protos.Seldon/Predict", b"\x12\x00" * MANY, "RESOURCE_EXHAUSTED"),
        ("/seldon.protos.Seldon/Predict", b"\xff\xff", "INVALID_ARGUMENT"),
        ("/seldon.protos.Model/SendFeedback", b"\x0b" * 1000, "INVALID_ARGUMENT"),
        ("/inference.GRPCInferenceService/ModelInfer", b"garbage", "INVALID_ARGUMENT"),
    ],
)
def test_over_grpc_it_is_the_caller_s_fault(server, method, data, code):
    with (
        grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        channel.unary_unary(method)(data, timeout=30)
    assert caught.value.code().name == code
