"""SERVING_PROTOCOLS: what a deployment does not name is not answered, and its probes are all the same."""

import grpc
import pytest
import requests

from pylib.errors import ServingError
from pylib.serving import local
from pylib.serving.deployment import read_deployment
from pylib.serving.repository import SERVER

pytestmark = pytest.mark.slow
ALL = "seldon,open-inference,tensorflow-serving"
PATHS = ["/api/v1.0/predictions", "/v2/models/model/infer", "/v1/models/model:predict"]
METHODS = [
    "/seldon.protos.Seldon/Predict",
    "/inference.GRPCInferenceService/ServerLive",
    "/tensorflow.serving.PredictionService/Predict",
]


def served(folder, release, digest, artifacts, protocols) -> local.Server:
    release(folder, digest)
    text = (folder / SERVER).read_text()
    assert ALL in text
    (folder / SERVER).write_text(text.replace(ALL, protocols))
    deployment = read_deployment(folder, "segmentation")
    return local.start(deployment, artifacts=artifacts, folder=folder / "served", port=0)


def test_only_what_is_named_is_on(tmp_path, release, digest, artifacts):
    server = served(tmp_path, release, digest, artifacts, "open-inference")
    try:
        statuses = [requests.post(server.url + path, data=b"", timeout=30).status_code for path in PATHS]
        assert statuses == [404, 400, 404]
        for path in ("/health/status", "/health/ping", "/v2/health/ready", "/metadata"):
            assert requests.get(server.url + path, timeout=30).ok
        assert codes(server) == ["UNIMPLEMENTED", "OK", "UNIMPLEMENTED"]
    finally:
        local.stop(tmp_path / "served")


def codes(server: local.Server) -> list[str]:
    said = []
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        for method in METHODS:
            try:
                channel.unary_unary(method)(b"", timeout=30)
                said.append("OK")
            except grpc.RpcError as error:
                said.append(error.code().name)
    return said


def test_an_unknown_one_is_an_error_in_a_line(tmp_path, release, digest, artifacts):
    with pytest.raises(ServingError, match=r"names 'open-inferense': did you mean open-inference\?"):
        served(tmp_path, release, digest, artifacts, "open-inferense")
