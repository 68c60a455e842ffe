"""What was measured of a made-up model, a real ONNX model without TensorFlow, and shards for it."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from pylib.data.shards import ArraySpec, Shard, ShardIndex, ShardItem, Split
from pylib.evaluation.class_metrics import ClassMetrics
from pylib.evaluation.record import Measurement

NAMES = ["object", "background", "border"]


@pytest.fixture
def make_measurement():
    """Return a segmentation's Measurement; `per_class` and other fields can be replaced."""

    def make(*, per_class=None, **changes) -> Measurement:
        scores = {"object": 0.8, "background": 0.9, "border": 0.5}
        fields = {
            "task": "segmentation",
            "model_digest": "a" * 64,
            "dataset": "sample",
            "items": 40,
            "score": "mean_iou",
            "metrics": {
                "mean_iou": 0.733,
                "f1": 0.84,
                "precision": 0.85,
                "recall": 0.83,
                "pixel_accuracy": 0.9,
                "expected_calibration_error": 0.03,
            },
            "parity": {"same_class_share": 1, "max_probability_difference": 1e-6},
            "details": {
                "classes": NAMES,
                "per_class": {
                    name: ClassMetrics(iou=iou, f1=iou, precision=iou, recall=iou)
                    for name, iou in scores.items()
                }
                | (per_class or {}),
                "confusion": [[80, 10, 10], [5, 90, 5], [25, 25, 50]],
                "reliability": [],
                "examples": [],
            },
        }
        return Measurement(**fields | changes)

    return make


@pytest.fixture
def write_onnx():
    """Write a model that answers with the softmax of an affine map of each pixel's colour."""

    def write(path: Path, *, size: int = 32, classes=NAMES, bias=(0.0, 0.0, 0.0), task=None) -> Path:
        make = onnx.helper
        weights = onnx.numpy_helper.from_array(np.eye(3, dtype=np.float32), "weights")
        offsets = onnx.numpy_helper.from_array(np.array(bias, np.float32), "offsets")
        graph = make.make_graph(
            [
                make.make_node("Cast", ["image"], ["float"], to=onnx.TensorProto.FLOAT),
                make.make_node("MatMul", ["float", "weights"], ["mapped"]),
                make.make_node("Add", ["mapped", "offsets"], ["logits"]),
                make.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
            ],
            "colours",
            [make.make_tensor_value_info("image", onnx.TensorProto.UINT8, ["N", "H", "W", 3])],
            [make.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, ["N", "H", "W", 3])],
            [weights, offsets],
        )
        model = make.make_model(graph, opset_imports=[make.make_opsetid("", 18)], ir_version=8)
        metadata = {"classes": json.dumps(classes), "image_size": str(size)}
        own = {"format": "2", "task": task} if task else {"format": "1"}
        make.set_model_props(model, metadata | own)
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, path)
        return path

    return write


@pytest.fixture
def write_shards():
    """Write shards whose only split with images is `test`: masks of stripes, images that show them."""

    def write(folder: Path, *, images: int = 12, size: int = 32) -> Path:
        rng = np.random.default_rng(0)
        masks = np.repeat(rng.integers(0, 3, (images, 1, size), dtype=np.uint8), size, axis=1)
        pixels = (np.eye(3)[masks] * 200 + rng.integers(0, 40, (images, size, size, 3))).astype(np.uint8)
        (folder / "test").mkdir(parents=True)
        shard = Shard(inputs="test/inputs-00000.npy", targets="test/targets-00000.npy", count=max(images, 1))
        np.save(folder / shard.inputs, pixels)
        np.save(folder / shard.targets, masks)
        items = [
            ShardItem(id=f"stripes_{n}", image_sha256="0" * 64, target_sha256="0" * 64) for n in range(images)
        ]
        splits = {name: Split(items=[], shards=[]) for name in ("train", "validation", "calibration")}
        splits["test"] = Split(items=items, shards=[shard] if images else [])
        index = ShardIndex(
            task="segmentation",
            name="stripes",
            classes=NAMES,
            inputs=ArraySpec(dtype="uint8", shape=(size, size, 3)),
            targets=ArraySpec(dtype="uint8", shape=(size, size)),
            splits=splits,
        )
        (folder / "index.json").write_bytes(index.dumps())
        return folder

    return write
