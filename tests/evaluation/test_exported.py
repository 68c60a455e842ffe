"""The exported model, through ONNX Runtime: the same bits whatever the number of threads and the batch."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from pylib.serving.onnx_contract import open_model

FLOAT, UINT8 = onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8


@pytest.fixture(scope="module")
def network():
    """Two convolutions, one of them depthwise, and a softmax over three classes: the kernels of a U-Net."""
    random = np.random.default_rng(0)
    shapes = {"full": (16, 3, 3, 3), "depth": (16, 1, 3, 3), "head": (3, 16, 1, 1)}
    weights = [
        onnx.numpy_helper.from_array(random.standard_normal(shape).astype(np.float32) / 5, name)
        for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("Cast", ["images"], ["float"], to=FLOAT),
        helper.make_node("Transpose", ["float"], ["0"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["0", "full"], ["1"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Conv", ["1", "depth"], ["2"], pads=[1, 1, 1, 1], group=16),
        helper.make_node("Conv", ["2", "head"], ["3"]),
        helper.make_node("Transpose", ["3"], ["logits"], perm=[0, 2, 3, 1]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "kernels",
        [helper.make_tensor_value_info("images", UINT8, ["N", 96, 96, 3])],
        [helper.make_tensor_value_info("probabilities", FLOAT, ["N", 48, 48, 3])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(model, {"classes": json.dumps(["a", "b", "c"]), "image_size": "96"})
    return model.SerializeToString()


def answers(network, images, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session, _ = open_model(network, options)
    return session.run(None, {"images": images})[0]


def test_neither_threads_nor_the_batch_change_a_bit(network):
    images = np.random.default_rng(1).integers(0, 256, (16, 96, 96, 3), dtype=np.uint8)
    once = answers(network, images, 1)
    assert len(np.unique(once)) > 1000
    for threads in (2, 3, 8):
        np.testing.assert_array_equal(answers(network, images, threads), once)
    np.testing.assert_array_equal(answers(network, images[5:6], 4), once[5:6])
