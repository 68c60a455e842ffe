"""The export of a trained model to ONNX: what is served, without TensorFlow, byte for byte reproducible."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pylib.atomic import write_file
from pylib.errors import ModelError

if TYPE_CHECKING:
    import keras
    import onnx
    import tensorflow as tf

INPUT = "image"
OUTPUT = "probabilities"
FORMAT = "1"
OPSET = 18  # the newest that tf2onnx 1.17 writes; onnxruntime 1.26 reads up to 26
_PRODUCER = "pylib"


def export_onnx(model: "keras.Model", path: Path, *, classes: Sequence[str], image_size: int) -> str:
    """Write `model` as ONNX to `path` and return the SHA-256 of the file, which is the model's digest.

    `model` maps float or uint8 RGB [N,H,W,3] in [0,255] to class logits or softmax probabilities [N,H,W,C].
    The file maps "image", uint8 [N,H,W,3] with any N, H and W that the model takes, to "probabilities",
    float32 [N,H,W,C] in [0,1] that sum to 1 over C. Its metadata_props hold `classes` (JSON list),
    `image_size` (pixels) and `format`. The same weights give the same bytes in every process.

    Raises:
        ModelError: the model is not one that can be exported, or the export fails ONNX's own checks.

    Source: https://onnx.ai/onnx/repo-docs/IR.html, https://keras.io/api/models/model_saving_apis/export/

    """
    _check(model, classes)
    data = _checked(_describe(_convert(model), classes, image_size), model.name)
    write_file(path, data)
    return hashlib.sha256(data).hexdigest()


def _check(model: "keras.Model", classes: Sequence[str]) -> None:
    channels = model.output_shape[-1]
    if channels != len(classes):
        message = f"{len(classes)} names ({', '.join(classes)}) were given"
        raise ModelError(
            f"model {model.name!r} has {channels} output channels but {message}: name each class"
        )
    half = next((layer for layer in model._flatten_layers() if layer.compute_dtype != "float32"), None)  # noqa: SLF001
    if half is not None:
        reason = f"layer {half.name!r} computes in {half.compute_dtype}"
        raise ModelError(
            f"model {model.name!r}: {reason}; load the weights into a float32 model to export it"
        )


def probabilities(model: "keras.Model") -> Callable[["tf.Tensor"], "tf.Tensor"]:
    """Return the function that is exported: uint8 [N,H,W,3] to float32 [N,H,W,C], softmax included.

    A model that gives logits gets a softmax; one that ends in softmax already is taken as it is.
    """
    import tensorflow as tf

    softmax = tf.identity if _ends_in_softmax(model) else tf.nn.softmax
    dtype = model.inputs[0].dtype
    return lambda image: softmax(model(tf.cast(image, dtype), training=False))


def _ends_in_softmax(model: "keras.Model") -> bool:
    import keras

    last = model.layers[-1]
    activation = getattr(last, "activation", None)
    return isinstance(last, keras.layers.Softmax) or activation is keras.activations.softmax


def _convert(model: "keras.Model") -> "onnx.ModelProto":
    """Do what `model.export(format="onnx")` does, with one trace in place of its four."""
    import tensorflow as tf
    import tf2onnx

    served = tf.function(probabilities(model), autograph=False)
    signature = [tf.TensorSpec((None, None, None, 3), tf.uint8, name=INPUT)]
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    try:
        graph, _ = tf2onnx.convert.from_function(served, signature, opset=OPSET)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ModelError(
            f"model {model.name!r} cannot be converted to ONNX opset {OPSET}: {reason}"
        ) from error
    return graph


def _describe(graph: "onnx.ModelProto", classes: Sequence[str], image_size: int) -> "onnx.ModelProto":
    """Keep the nodes and the weights, name everything anew, and add what the server has to know."""
    import onnx

    from pylib.serving.canonical import canonical_graph

    body = canonical_graph(graph.graph, name=_PRODUCER, input_name=INPUT, output_name=OUTPUT)
    described = onnx.helper.make_model(
        body,
        producer_name=_PRODUCER,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=graph.ir_version,
    )
    names = json.dumps(list(classes), ensure_ascii=False)
    onnx.helper.set_model_props(
        described, {"classes": names, "format": FORMAT, "image_size": str(image_size)}
    )
    return described


def _checked(graph: "onnx.ModelProto", name: str) -> bytes:
    import onnx

    try:
        onnx.checker.check_model(graph, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"model {name!r} has an operation that ONNX opset {OPSET} lacks: {reason}"
        ) from error
    data: bytes = graph.SerializeToString(deterministic=True)
    return data
