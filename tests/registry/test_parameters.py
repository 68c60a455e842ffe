"""What a model of images was made with, of whatever its folder has: records, model.json, history."""

import json
from datetime import UTC, datetime

from pylib.provenance.digests import sha256_file
from pylib.provenance.statement import Definition, build_statement, write_bundle
from pylib.registry.parameters import parameters, stored
from pylib.store.artifacts import ArtifactStore

SPEC = {
    "format": 1,
    "task": "classification",
    "classes": ["a", "b"],
    "backbone": "mobilenet_v2",
    "weights": {"origin": "none", "sha256": None},
    "head": {"kind": "logistic", "parameters": {"C": 0.01}, "arrays": {"bias": [2]}},
}


def made(step, values, subject, digest, *inputs):
    used = tuple({"name": name, "digest": {"dirHash": name}} for name in inputs)
    now = datetime.now(UTC)
    return build_statement(
        Definition(step, values, used), [{"name": subject, "digest": {"dirHash": digest}}], now, now
    )


def test_a_model_on_frozen_features_has_what_its_steps_and_its_head_were_given(tmp_path):
    (tmp_path / "model.json").write_text(json.dumps(SPEC))
    bundle = [
        made("assemble", {"seed": 3, "options": {"batch": 8}}, "model/model.onnx", "m", "f", "h", "k"),
        made("fit_head", {"name": "logistic", "seed": 0}, "head", "h", "f"),
        made("fit_head", {"name": "knn_7", "seed": 0}, "head", "k", "f"),
        made("features", {"alpha": 0.35, "seed": 1}, "features", "f", "d"),
        made("ingest", {"repository": "inks", "strict": False}, "inks", "d"),
    ]
    write_bundle(tmp_path, bundle)
    assert parameters(tmp_path, {}) == {
        "alpha": 0.35,
        "seed": 3,
        "options.batch": 8,
        "backbone": "mobilenet_v2",
        "weights.origin": "none",
        "head.kind": "logistic",
        "head.parameters.C": 0.01,
    }


def test_what_the_training_wrote_of_itself_holds(tmp_path):
    (tmp_path / "model.json").write_text(json.dumps({"dropout": 0.1, "encoder": "vgg19"}))
    history = {"config": {"dropout": 0.2}, "environment": {"threads": 4}}
    assert parameters(tmp_path, history) == {"dropout": 0.2, "encoder": "vgg19", "threads": 4}


def test_of_a_version_from_before_the_stored_model_is_asked(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/model.onnx").write_bytes(b"a model")
    (tmp_path / "model/model.json").write_text(json.dumps(SPEC))
    digest = sha256_file(tmp_path / "model/model.onnx")
    artifacts = ArtifactStore((tmp_path / "artifacts").as_uri())
    artifacts.put_model(tmp_path / "model", digest)
    assert stored(digest, artifacts)["head.parameters.C"] == "0.01"
    assert stored("0" * 64, artifacts) == {}


def test_of_a_folder_with_nothing_beside_the_model_nothing_is_known(tmp_path):
    assert parameters(tmp_path, {}) == {}
