"""Judged models that are real ONNX, the folders that a person has, and a registry in SQLite beside them."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from pylib.errors import GateError
from pylib.provenance.digests import sha256_file
from pylib.registry.folder import Registration, assemble
from pylib.registry.places import Places
from pylib.registry.promotion import release_and_register
from pylib.registry.versions import Versions
from pylib.store.artifacts import ArtifactStore
from tests.release.conftest import NAME, bare_machine, commit_all, in_git, judged, source

__all__ = ["bare_machine", "commit_all", "in_git", "judged", "source"]

HISTORY = {
    "config": {"batch": 8, "seed": 0},
    "environment": {"threads": 4},
    "epochs": [{"epoch": 0.0, "loss": 1.5, "mean_iou": 0.25}, {"epoch": 1.0, "loss": 0.5, "mean_iou": 0.75}],
}


def write_onnx(path: Path, name: str) -> None:
    """A segmentation model's graph that scales its images; the name makes it another one."""
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", None, None, 3])
    out = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", None, None, 3])
    scale = helper.make_tensor("scale", TensorProto.FLOAT, [1], np.array([1 / 255], np.float32))
    nodes = [helper.make_node("Cast", ["images"], ["x"], to=TensorProto.FLOAT),
             helper.make_node("Mul", ["x", "scale"], ["probabilities"])]  # fmt: skip
    graph = helper.make_graph(nodes, name, [images], [out], [scale])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    classes = json.dumps(["object", "background"])
    helper.set_model_props(model, {"classes": classes, "image_size": "16", "task": "segmentation"})
    onnx.save(model, str(path))


@pytest.fixture
def trained(tmp_path, judged):
    """Make a model folder as `train` leaves it, and its evaluation; returns (model, evaluation, digest)."""

    def make(name: str, **figures) -> tuple[Path, Path, str]:
        shutil.rmtree(tmp_path / name, ignore_errors=True)
        model, evaluation, placeholder = judged(name, **figures)
        write_onnx(model / "model.onnx", name)
        digest = sha256_file(model / "model.onnx")
        (model / "history.json").write_text(json.dumps(HISTORY))
        file = evaluation / "evaluation.json"
        file.write_text(file.read_text().replace(placeholder, digest))
        (evaluation / "report.html").write_text(f"<p>{name}")
        return model, evaluation, digest

    return make


@pytest.fixture(scope="session")
def new_database(tmp_path_factory) -> Path:
    """MLflow's database as it makes it, which takes seconds: copied, it is what a second run finds."""
    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    Versions.open(f"sqlite:///{file}")
    return file


@pytest.fixture
def places(tmp_path, source, new_database):
    """Where a person without settings has things."""
    shutil.copyfile(new_database, tmp_path / "mlflow.db")
    return Places(
        artifacts=ArtifactStore((tmp_path / "artifacts").as_uri()),
        repository=tmp_path / "gitops",
        source=source,
        push=False,
        tracking=f"sqlite:///{tmp_path / 'mlflow.db'}",
    )


@pytest.fixture
def put(tmp_path, trained, places):
    """Release and register a model of that name; returns its digest, whether its gate was passed or not."""

    def run(name: str, *, places: Places = places, **figures) -> str:
        model, evaluation, digest = trained(name, **figures)
        shutil.rmtree(tmp_path / f"{name}.whole", ignore_errors=True)
        given = Registration(NAME, "sample@c0ffee", "1" * 40)
        folder = assemble(model, evaluation, tmp_path / f"{name}.whole", given)
        try:
            release_and_register(folder, given, places, evaluation=evaluation)
        except GateError:
            assert figures
        return digest

    return run


@pytest.fixture
def registered(places):
    """The versions as they are now, by number."""

    def read(places: Places = places, name: str = NAME):
        return Versions.open(places.tracking).of(name)

    return read


@pytest.fixture
def aliases(registered):
    """The digest of each alias."""

    def read(**where) -> dict[str, str]:
        return {alias: each.digest for each in registered(**where) for alias in each.aliases}

    return read
