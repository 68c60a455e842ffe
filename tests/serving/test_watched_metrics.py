"""Rules and dashboard of cluster-conf/monitoring ask for nothing that a running model server does not say."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
import requests

from pylib.drift.reference import spread
from pylib.serving import local
from pylib.serving.client import Client
from pylib.serving.reference import FILE, Reference, dumps
from pylib.store.artifacts import ArtifactStore
from tests.monitoring.queries import asked, queries, recorded
from tests.serving.conftest import SIZE, Photograph, Release

pytestmark = pytest.mark.slow

OF_PROMETHEUS = {"up"}
LABELS = ["cat", "dog"]
Series = tuple[str, dict[str, str], float]


def classifier() -> bytes:
    """The mean of each colour, weighed to two classes: an ONNX model with the interface of an export."""
    helper, types = onnx.helper, onnx.TensorProto
    weights = np.array([[4, -4], [-4, 4], [0, 0]], np.float32) / 255
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["image"], ["float"], to=types.FLOAT),
            helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
            helper.make_node("MatMul", ["mean", "weights"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["probabilities"], axis=-1),
        ],
        "classifier",
        [helper.make_tensor_value_info("image", types.UINT8, ["N", SIZE, SIZE, 3])],
        [helper.make_tensor_value_info("probabilities", types.FLOAT, ["N", len(LABELS)])],
        [
            onnx.numpy_helper.from_array(weights, "weights"),
            onnx.numpy_helper.from_array(np.array([1, 2]), "axes"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    said = {"classes": json.dumps(LABELS), "image_size": str(SIZE), "format": "2", "task": "classification"}
    helper.set_model_props(model, said)
    return model.SerializeToString()


def asked_of_a_server(folder: Path, task: str, content: bytes, images: list[bytes], release: Release) -> str:
    """What a real server says at /prometheus, of a model with a reference, after answers and feedback."""
    (folder / "model").mkdir()
    (folder / "model/model.onnx").write_bytes(content)
    features = {
        "brightness": spread(np.linspace(0, 255, 100).tolist()),
        "confidence": spread(np.linspace(0, 1, 100).tolist()),
        "label": spread(LABELS * 50),
    }
    (folder / "model" / FILE).write_text(dumps(Reference(task, features)))
    digest, artifacts = hashlib.sha256(content).hexdigest(), (folder / "artifacts").as_uri()
    ArtifactStore(artifacts).put_model(folder / "model", digest)
    deployment, log = release(folder / "gitops", digest), (folder / "log").as_uri()
    server = local.start(deployment, artifacts=artifacts, folder=folder / "server", port=0, predictions=log)
    try:
        with Client(server.url) as client:
            for image in images:
                client.predict(image)
        api = server.url + "/api/v1.0"
        assert requests.post(f"{api}/feedback", json={"response": {}, "reward": 1}, timeout=10).ok
        assert requests.post(f"{api}/predictions", json={"strData": "a"}, timeout=10).status_code == 400
        return requests.get(f"http://127.0.0.1:{server.metrics_port}/prometheus", timeout=10).text
    finally:
        local.stop(folder / "server")


@pytest.fixture(scope="module")
def said(
    tmp_path_factory: pytest.TempPathFactory, model: bytes, photograph: Photograph, release: Release
) -> dict[str, list[Series]]:
    """The series of a server of each task."""
    images = [photograph(seed) for seed in range(5)]
    models = {"segmentation": model, "classification": classifier()}
    return {
        task: series(asked_of_a_server(tmp_path_factory.mktemp(task), task, content, images, release))
        for task, content in models.items()
    }


def series(text: str) -> list[Series]:
    found = re.findall(r"^(\w+)\{(.*)\} (\S+)$", text, re.MULTILINE)
    return [
        (name, dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value)) for name, labels, value in found
    ]


@pytest.mark.parametrize("task", ["segmentation", "classification"])
def test_a_server_says_how_its_requests_are_spread_beside_its_models_data(
    said: dict[str, list[Series]], task: str
) -> None:
    found: dict[str, dict[str, float]] = {"model_feature_total": {}, "model_reference_share": {}}
    for name, labels, value in said[task]:
        if name in found and labels["feature"] == "brightness":
            found[name][labels["bin"]] = value
    assert found["model_feature_total"].keys() == found["model_reference_share"].keys()
    assert len(found["model_feature_total"]) == 10, "a bin that nothing fell into is said too"
    assert sum(found["model_feature_total"].values()) == 5
    assert sum(found["model_reference_share"].values()) == pytest.approx(1)


def test_a_server_says_how_its_requests_ended_and_what_its_log_lost(said: dict[str, list[Series]]) -> None:
    found = said["segmentation"]
    by_code = {labels["code"]: value for name, labels, value in found if name == "model_requests_total"}
    assert by_code == {"200": 6, "400": 1, "500": 0}
    assert [value for name, _, value in found if name == "model_log_dropped_total"] == [0]


def test_every_metric_that_is_asked_for_is_said(said: dict[str, list[Series]]) -> None:
    names = {task: {name for name, _, _ in found} for task, found in said.items()}
    wanted = set().union(*(asked(query) for _, query in queries())) - recorded() - OF_PROMETHEUS
    assert wanted <= names["segmentation"] | names["classification"]
    of_one_task = {"model_label_total", "model_class_share_total"}
    assert wanted - of_one_task <= names["segmentation"] & names["classification"]
