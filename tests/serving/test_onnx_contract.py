"""What an exported model declares: of both formats, and what is refused in one line."""

import json

import numpy as np
import onnx
import pytest

from pylib.errors import ModelError
from pylib.serving.model import OnnxModel
from pylib.serving.onnx_contract import Contract, Tensor, open_model

IMAGE = Tensor("image", "tensor(uint8)", ("N", "H", "W", 3))
PROBABILITIES = Tensor("probabilities", "tensor(float)", ("N", "H", "W", 3))


def described(model: bytes, **properties: str | None) -> bytes:
    """The same model with other metadata; None takes a property away."""
    changed = onnx.load_model_from_string(model)
    kept = {entry.key: entry.value for entry in changed.metadata_props} | properties
    del changed.metadata_props[:]
    onnx.helper.set_model_props(changed, {key: value for key, value in kept.items() if value is not None})
    return changed.SerializeToString()


@pytest.mark.parametrize("form", ["1", None])
def test_a_model_without_a_task_is_of_the_first(model: bytes, form: str | None) -> None:
    _, contract = open_model(described(model, format=form))
    classes = ["object", "background", "border"]
    assert contract == Contract("segmentation", classes, 64, IMAGE, (PROBABILITIES,))


def test_a_model_says_its_task(model: bytes) -> None:
    _, contract = open_model(described(model, format="2", task="depth"))
    assert contract.task == "depth"


def test_names_and_shapes_are_the_models_own(model: bytes) -> None:
    renamed = onnx.load_model_from_string(model)
    renamed.graph.input[0].name = renamed.graph.node[0].input[0] = "photo"
    renamed.graph.output[0].name = renamed.graph.node[-1].output[0] = "chances"
    served = OnnxModel(renamed.SerializeToString())
    assert (served.contract.input.name, served.contract.outputs[0].name) == ("photo", "chances")
    outputs = served.run(np.zeros((10, 20, 3), np.uint8))
    assert {name: value.shape for name, value in outputs.items()} == {"chances": (64, 64, 3)}


REFUSED = {
    "a newer format": ({"format": "3"}, "its format is '3', newer than this pylib reads: update pylib"),
    "no classes": ({"classes": None}, "KeyError: 'classes'"),
    "classes that are no JSON": ({"classes": "[1"}, "JSONDecodeError"),
    "a size that is no number": ({"image_size": "large"}, "ValueError"),
}


@pytest.mark.parametrize(("properties", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_was_not_exported_here_is_one_line(
    model: bytes, properties: dict[str, str | None], says: str
) -> None:
    with pytest.raises(ModelError, match=says) as caught:
        open_model(described(model, **properties))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_model_is_one_line() -> None:
    with pytest.raises(ModelError, match="not a model that was exported for serving") as caught:
        open_model(json.dumps({"no": "onnx"}).encode())
    assert "\n" not in str(caught.value)
