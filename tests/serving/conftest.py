"""A small real model in a real artifact store, and one real server for the tests of this folder."""

import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from pylib.serving import local
from pylib.serving.deployment import SeldonDeployment, read_deployment
from pylib.serving.repository import SERVER, manifest
from pylib.store.artifacts import ArtifactStore
from tests.serving.process_group import PROCESSES

CLASSES = ["object", "background", "border"]
SIZE = 64
Photograph = Callable[..., bytes]
Release = Callable[[Path, str], SeldonDeployment]


def _tiny_model(seed: int = 0, size: int = SIZE) -> bytes:
    """An ONNX model with the interface of an export: cast, one 1x1 convolution to the classes, softmax."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 4 / 255, (len(CLASSES), 3, 1, 1)).astype(np.float32)
    helper, types = onnx.helper, onnx.TensorProto
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["image"], ["float"], to=types.FLOAT),
            helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
            helper.make_node("Conv", ["planes", "weights"], ["scores"]),
            helper.make_node("Transpose", ["scores"], ["logits"], perm=[0, 2, 3, 1]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
        ],
        "tiny",
        [helper.make_tensor_value_info("image", types.UINT8, ["N", "H", "W", 3])],
        [helper.make_tensor_value_info("probabilities", types.FLOAT, ["N", "H", "W", len(CLASSES)])],
        [onnx.numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {"classes": json.dumps(CLASSES), "image_size": str(size), "format": "1"})
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _identity(digest: str) -> dict[str, str]:
    return {"model_digest": digest, "data_commit": "c0ffee" * 6, "git_commit": "badcafe" * 5}


def _write_deployment(folder: Path, digest: str) -> SeldonDeployment:
    for file in (SERVER, manifest("segmentation")):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(__file__).parents[2] / file, folder / file)
    path = folder / manifest("segmentation")
    text = path.read_text()
    for name, value in _identity(digest).items():
        before = f'- name: {name}\n            type: STRING\n            value: "'
        assert before in text, f"{name} is not a parameter of the deployment"
        head, tail = text.split(before)
        text = f"{head}{before}{value}{tail[tail.index(chr(34)) :]}"
    path.write_text(text)
    return read_deployment(folder, "segmentation")


def _photograph(seed: int, height: int = 60, width: int = 80, form: str = "JPEG") -> bytes:
    """A picture of smooth colours with noise, encoded."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)).resize((width, height))
    noisy = np.asarray(coarse).astype(int) + rng.integers(-20, 20, (height, width, 3))
    buffer = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(buffer, format=form)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def model() -> bytes:
    return _tiny_model()


@pytest.fixture(scope="session")
def photograph() -> Photograph:
    """A function: seed, height, width and form to an image file's content."""
    return _photograph


@pytest.fixture(scope="session")
def release() -> Release:
    """A function: writes the repository's own served model to a folder, as a release of that digest does."""
    return _write_deployment


@pytest.fixture(scope="session")
def digest(model: bytes) -> str:
    return hashlib.sha256(model).hexdigest()


@pytest.fixture(scope="session")
def identity(digest: str) -> dict[str, str]:
    """What each answer says of the model that gave it."""
    return _identity(digest)


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory, model: bytes, digest: str) -> str:
    """The URL of a store that holds the model."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "model.onnx").write_bytes(model)
    url = tmp_path_factory.mktemp("artifacts").as_uri()
    ArtifactStore(url).put_model(folder, digest)
    return url


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory, digest: str) -> SeldonDeployment:
    return _write_deployment(tmp_path_factory.mktemp("gitops"), digest)


@pytest.fixture(scope="session")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's server records its answers."""
    return tmp_path_factory.mktemp("predictions") / "predictions.jsonl"


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, deployment: SeldonDeployment, artifacts: str, predictions: Path
) -> Iterator[local.Server]:
    """One server with two workers, for all tests that only ask it something."""
    folder = tmp_path_factory.mktemp("serving")
    yield local.start(
        deployment, artifacts=artifacts, folder=folder, port=0, workers=2, predictions=predictions
    )
    local.stop(folder)


@pytest.fixture
def several(
    tmp_path: Path, deployment: SeldonDeployment, artifacts: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[local.Server]:
    """A server of three processes."""
    monkeypatch.setenv("SERVING_PROCESSES", str(PROCESSES))
    yield local.start(deployment, artifacts=artifacts, folder=tmp_path / "server", port=0)
    local.stop(tmp_path / "server")
