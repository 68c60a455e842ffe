"""Where an image is, by its SHA-256."""

import hashlib
import json

from pylib.release.sightings import sightings
from pylib.store.artifacts import ArtifactStore
from pylib.store.local import LocalStore
from tests.data.test_browsing import item, labelled


def test_an_image_is_found_in_data_models_and_answers(tmp_path):
    index = labelled(item("a", 0), item("b", 1, split="test"))
    wanted, other = (each.image_sha256 for each in index.items)
    made = LocalStore(tmp_path / "store").commit("pets", {"dataset.json": index.dumps()})
    digest = model(tmp_path, "one", {"train": [("a", wanted)], "test": [("b", other)]})
    model(tmp_path, "two", {"train": [("b", other)]})
    log = tmp_path / "predictions.jsonl"
    lines = [{"prediction_id": "p1", "image_sha256": wanted}, {"prediction_id": "p2", "image_sha256": other}]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    places = {"store": str(tmp_path / "store"), "artifacts": str(tmp_path / "artifacts"), "predictions": str(log)}
    found = sightings(wanted, **places)
    assert [(each.of, each.item, each.split) for each in found.data] == [(str(made.ref), "a", "train")]
    assert [(each.digest, each.split, each.item) for each in found.models] == [(digest, "train", "a")]
    assert [each["prediction_id"] for each in found.predictions] == ["p1"]
    assert found.unread == []


def test_what_cannot_be_read_is_said_and_the_rest_is_told(tmp_path):
    LocalStore(tmp_path / "store").commit("broken", {"dataset.json": b"{"})
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"bare")
    ArtifactStore(str(tmp_path / "artifacts")).put_model(folder, hashlib.sha256(b"bare").hexdigest())
    places = {"store": str(tmp_path / "store"), "artifacts": str(tmp_path / "artifacts")}
    found = sightings("0" * 64, **places, predictions=str(tmp_path / "none"))
    assert (found.data, found.models, found.predictions) == ([], [], [])
    assert len(found.unread) == 2
    assert found.unread[0].startswith("repository broken: ")


def model(tmp_path, name, splits):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "model.onnx").write_bytes(name.encode())
    listed = {
        split: {"items": [{"id": item_id, "image_sha256": sha256} for item_id, sha256 in items]}
        for split, items in splits.items()
    }
    (folder / "dataset.json").write_text(json.dumps({"splits": listed}))
    digest = hashlib.sha256(name.encode()).hexdigest()
    ArtifactStore(str(tmp_path / "artifacts")).put_model(folder, digest)
    return digest
