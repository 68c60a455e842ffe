"""The export: the same bytes from the same weights anywhere, the answer of Keras, and what it refuses."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest

from pylib.errors import ModelError
from pylib.serving.canonical import canonical_graph
from pylib.serving.onnx_contract import open_model

# Builds a U-Net from the weights file, after other layers so that automatic names differ, and exports it.
EXPORT = """
import sys
from pathlib import Path
import keras
from pylib.models.unet import build_unet
from pylib.models.unet_spec import UNetSpec
from pylib.serving.export import export_onnx

for _ in range(3):
    keras.layers.Conv2D(1, 1), keras.layers.BatchNormalization(), keras.layers.Concatenate()
model = build_unet(UNetSpec.model_validate_json(sys.argv[1]))
model.load_weights(sys.argv[2])
declared = {"task": "segmentation", "classes": ["object", "background", "border"], "image_size": 32}
print(export_onnx(model, Path(sys.argv[3]), **declared))
"""


@pytest.mark.slow
def test_two_processes_give_the_same_file_and_onnxruntime_the_same_answer(tmp_path):
    from pylib.models.unet import build_unet
    from pylib.models.unet_spec import UNetSpec
    from pylib.serving.export import export_onnx

    classes = ("object", "background", "border")
    spec = UNetSpec(image_size=32, filters=(8, 8, 8, 8), classes=classes)
    model = build_unet(spec)
    model.save_weights(tmp_path / "model.weights.h5")
    declared = {"task": "segmentation", "classes": classes, "image_size": 32}
    digest = export_onnx(model, tmp_path / "model.onnx", **declared)
    assert export_onnx(model, tmp_path / "again.onnx", **declared) == digest
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "again.onnx",
        "model.onnx",
        "model.weights.h5",
    ]

    command = [
        sys.executable,
        "-c",
        EXPORT,
        spec.dumps(),
        tmp_path / "model.weights.h5",
        tmp_path / "other.onnx",
    ]
    other = subprocess.run(
        command, env=os.environ | {"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True
    )
    assert other.stdout.split() == [digest]

    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    image, answer = session.get_inputs()[0], session.get_outputs()[0]
    assert (image.name, image.type, image.shape) == ("image", "tensor(uint8)", ["N", "H", "W", 3])
    assert (answer.name, answer.type, answer.shape) == ("probabilities", "tensor(float)", ["N", "H", "W", 3])
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata == {
        "classes": json.dumps(classes),
        "format": "2",
        "image_size": "32",
        "task": "segmentation",
    }
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 96, 3), dtype=np.uint8)
    served, trained = session.run(None, {"image": pixels})[0], np.asarray(model(pixels, training=False))
    assert np.abs(served - trained).max() < 1e-4
    assert np.allclose(served.sum(-1), 1, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "dtype", "declared"),
    [
        ((None, None, 3), "uint8", ["N", "H", "W", 3]),
        ((7,), "float32", ["N", 7]),
        ((None, 2), "float32", None),
    ],
)
def test_input_and_output_are_declared_as_the_model_has_them(tmp_path, shape, dtype, declared):
    import keras

    from pylib.serving.export import export_onnx

    given = keras.Input(shape, dtype=dtype, name="given")
    x = keras.ops.cast(given, "float32")
    x = keras.ops.mean(x, axis=tuple(range(1, len(shape)))) if len(shape) > 1 else x
    model = keras.Model(given, keras.layers.Dense(1, name="value")(x))
    export_onnx(model, tmp_path / "model.onnx", task="numbers", classes=[], image_size=32, sample_bits=12)
    assert open_model((tmp_path / "model.onnx").read_bytes())[1].sample_bits == 12
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (inputs,), (outputs,) = session.get_inputs(), session.get_outputs()
    assert (inputs.name, outputs.name, outputs.shape) == ("given", "value", ["N", 1])
    if declared:
        assert inputs.shape == declared
    else:  # a free dimension that is neither the batch nor an image's has no name
        assert (inputs.shape[0], inputs.shape[2]) == ("N", 2)
    batch = np.random.default_rng(0).integers(0, 256, (3, *(size or 5 for size in shape))).astype(dtype)
    assert np.allclose(session.run(["value"], {"given": batch})[0], model(batch), rtol=1e-4)


@pytest.mark.slow
def test_what_cannot_be_exported_is_one_line_and_leaves_nothing(tmp_path):
    import keras

    from pylib.serving.export import export_onnx

    def refused(model: keras.Model, classes: list[str]) -> str:
        with pytest.raises(ModelError) as error:
            export_onnx(model, tmp_path / "no.onnx", task="any", classes=classes, image_size=32)
        assert "\n" not in str(error.value)
        return str(error.value)

    image = keras.Input((None, None, 3))
    two = keras.layers.Conv2D(2, 3, padding="same")(image)
    assert "has 2 output channels but 3 names" in refused(keras.Model(image, two), ["a", "b", "c"])
    assert "has 1 inputs and 2 outputs" in refused(keras.Model(image, [two, two]), ["a", "b"])
    half = keras.Model(image, keras.layers.Conv2D(2, 1, dtype="mixed_float16", name="half")(image))
    assert "layer 'half' computes in float16" in refused(half, ["a", "b"])
    unknown = keras.Model(image, keras.layers.Lambda(_unknown_to_onnx)(image))
    assert re.search("an operation that ONNX opset 18 lacks: .*Igammac", refused(unknown, ["a", "b", "c"]))
    assert not (tmp_path / "no.onnx").exists()


def _unknown_to_onnx(tensor):
    import tensorflow as tf

    return tf.math.igammac(tensor, tensor)


def _diamond(names: list[str], order: list[int]) -> onnx.GraphProto:
    """A graph x → (relu, neg) → add, with the given tensor names and node order."""
    make = onnx.helper
    x, relu, scaled, weight, unused, y = names
    nodes = [
        make.make_node("Relu", [x], [relu]),
        make.make_node("Mul", [x, weight], [scaled]),
        make.make_node("Add", [relu, scaled], [y]),
        make.make_node("Neg", [x], [unused]),
    ]
    value = make.make_tensor_value_info(x, onnx.TensorProto.FLOAT, [None, None, None, 3])
    result = make.make_tensor_value_info(y, onnx.TensorProto.FLOAT, [None, None, None, 3])
    weights = [onnx.numpy_helper.from_array(np.ones(1, np.float32), weight)]
    return make.make_graph([nodes[i] for i in order], "any", [value], [result], weights)


def test_the_canonical_graph_depends_on_the_computation_alone():
    graphs = [
        _diamond(list("abcdef"), [0, 1, 2, 3]),
        _diamond(["in:0", "z", "y", "w", "u", "out/1"], [3, 1, 0, 2]),
    ]
    first, second = (
        canonical_graph(graph, name="g", input_name="image", output_name="answer") for graph in graphs
    )
    assert first.SerializeToString(deterministic=True) == second.SerializeToString(deterministic=True)
    assert [node.op_type for node in first.node] == ["Relu", "Mul", "Add"]  # what nobody needs is gone
    onnx.checker.check_graph(first, _context())


def _context() -> onnx.checker.C.CheckerContext:
    context = onnx.checker.C.CheckerContext()
    context.ir_version, context.opset_imports = 8, {"": 18}
    return context
