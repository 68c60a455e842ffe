"""The engine without any protocol: identity, log and figures of an answer, and what it refuses to load."""

import base64
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import PIL.Image
import pytest

from pylib.errors import PylibError, RequestError
from pylib.serving import limits, request
from pylib.serving.engine import Engine, Identity
from pylib.serving.protocols.seldon.payload import read_json
from pylib.store.artifacts import ArtifactStore
from tests.serving.test_onnx_contract import described

Photograph = Callable[..., bytes]


def stored(folder: Path, model: bytes) -> tuple[str, str]:
    """A store with that model: its URL and the model's digest."""
    (folder / "model").mkdir(parents=True)
    (folder / "model/model.onnx").write_bytes(model)
    digest = hashlib.sha256(model).hexdigest()
    ArtifactStore((folder / "artifacts").as_uri()).put_model(folder / "model", digest)
    return (folder / "artifacts").as_uri(), digest


def test_an_answer_says_which_model_gave_it_and_is_in_the_log(
    tmp_path: Path, artifacts: str, identity: dict[str, str], photograph: Photograph
) -> None:
    log = tmp_path / "log/predictions.jsonl"
    engine = Engine(Identity(**identity), artifacts=artifacts, log=log)
    engine.load()
    engine.check_ready()
    data = photograph(1)
    answer = engine.answer(request.from_file(data))
    assert answer.tags.items() >= {**identity, "task": "segmentation"}.items()
    assert answer.counters[0] == ("model_predictions", {}, 1)
    assert {name for name, _, _ in answer.counters[1:]} == {"model_confidence", "model_class_share"}
    (record,) = map(json.loads, log.read_text().splitlines())
    time = record.pop("time")
    assert time.endswith("+00:00")
    assert record == {
        "prediction_id": answer.tags["prediction_id"],
        **identity,
        "image_sha256": hashlib.sha256(data).hexdigest(),
        "answer": {name: answer.content[name] for name in ("class_shares", "mean_confidence")},
    }


def test_a_model_of_12_bits_is_asked_with_12_bits(
    tmp_path: Path, model: bytes, identity: dict[str, str]
) -> None:
    artifacts, digest = stored(tmp_path, described(model, sample_bits="12"))
    engine = Engine(Identity(**{**identity, "model_digest": digest}), artifacts=artifacts, log=None)
    engine.load()
    bright = io.BytesIO()
    PIL.Image.fromarray(np.full((8, 8), 4095, np.uint16)).save(bright, "PNG")
    message = {"binData": base64.b64encode(bright.getvalue()).decode()}
    image = read_json(message, engine.sample_bits)
    assert np.unique(image.pixels).tolist() == [255]
    assert engine.answer(image).tags["sample_bits"] == "12"


def test_before_it_is_loaded_it_is_not_ready(artifacts: str, identity: dict[str, str]) -> None:
    engine = Engine(Identity(**identity), artifacts=artifacts, log=None)
    for ask in (engine.check_ready, lambda: engine.answer(request.from_numbers(np.zeros((2, 2, 3))))):
        with pytest.raises(RequestError, match="not loaded") as caught:
            ask()
        assert caught.value.kind == "not ready"


def another_output(model: bytes) -> bytes:
    """The same under another name."""
    renamed = onnx.load_model_from_string(model)
    renamed.graph.output[0].name = renamed.graph.node[-1].output[0] = "chances"
    return renamed.SerializeToString()


REFUSED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a task unknown here": (lambda model: described(model, format="2", task="depth"), "task 'depth'"),
    "another output": (another_output, "of task segmentation has no output 'probabilities': export"),
    "no export": (lambda _: b"no model", "not a model that was exported"),
}


@pytest.mark.parametrize(("change", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_a_model_that_cannot_answer_is_not_served(
    tmp_path: Path, model: bytes, change: Callable[[bytes], bytes], says: str
) -> None:
    url, digest = stored(tmp_path, change(model))
    engine = Engine(Identity(digest, "", ""), artifacts=url, log=None)
    with pytest.raises(PylibError, match=says) as caught:
        engine.load()
    assert "\n" not in str(caught.value)
    with pytest.raises(RequestError):
        engine.check_ready()


def test_too_many_bytes_are_of_a_kind_of_their_own() -> None:
    limits.check_size(limits.MAX_BYTES)
    with pytest.raises(RequestError, match="larger than 20 MiB") as caught:
        limits.check_size(limits.MAX_BYTES + 1)
    assert caught.value.kind == "too large"
