"""The export of a trained model to ONNX: what is served, without TensorFlow, byte for byte reproducible."""

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylib.atomic import write_file
from pylib.errors import ModelError

if TYPE_CHECKING:
    import keras
    import onnx

FORMAT = "2"
OPSET = 18  # the newest that tf2onnx 1.17 writes; onnxruntime 1.26 reads up to 26
_PRODUCER = "pylib"


def export_onnx(
    model: "keras.Model",
    path: Path,
    *,
    task: str,
    classes: Sequence[str],
    image_size: int,
    sample_bits: int | None = None,
    confidence_threshold: float = 0.0,
) -> str:
    """Write `model` as ONNX to `path` and return the SHA-256 of the file, which is the model's digest.

    The model has one input and one output, whose names, dtypes and shapes are those of the file; the last
    dimension of the output is one of `classes` where there are any. The file's metadata_props hold `format`,
    `task`, `classes` (JSON list of names by index) and `image_size` (pixels), and `sample_bits` where images
    with more than 8 bits a sample were learned from, `confidence_threshold` where it is not 0. The same
    weights give the same bytes in every process.

    Raises:
        ModelError: the model is not one that can be exported, or the export fails ONNX's own checks.

    Source: https://onnx.ai/onnx/repo-docs/IR.html, https://keras.io/api/models/model_saving_apis/export/

    """
    _check(model, classes)
    names = json.dumps(list(classes), ensure_ascii=False)
    metadata = {"classes": names, "format": FORMAT, "image_size": str(image_size), "task": task}
    metadata |= {} if sample_bits is None else {"sample_bits": str(sample_bits)}
    metadata |= {"confidence_threshold": repr(confidence_threshold)} if confidence_threshold else {}
    data = _checked(_describe(_convert(model), model, metadata), model.name)
    write_file(path, data)
    return hashlib.sha256(data).hexdigest()


def _check(model: "keras.Model", classes: Sequence[str]) -> None:
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        found = f"{len(model.inputs)} inputs and {len(model.outputs)} outputs"
        raise ModelError(f"model {model.name!r} has {found}: export a model of one input and one output")
    channels = model.output_shape[-1]
    if classes and channels != len(classes):
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


def _convert(model: "keras.Model") -> "onnx.ModelProto":
    """Do what `model.export(format="onnx")` does, with one trace in place of its four."""
    import tensorflow as tf
    import tf2onnx

    served = tf.function(lambda inputs: model(inputs, training=False), autograph=False)
    (declared,) = model.inputs
    signature = [tf.TensorSpec(declared.shape, declared.dtype, name=declared.name)]
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    try:
        graph, _ = tf2onnx.convert.from_function(served, signature, opset=OPSET)
        _fill_in(graph.graph, served.get_concrete_function(*signature))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ModelError(
            f"model {model.name!r} cannot be converted to ONNX opset {OPSET}: {reason}"
        ) from error
    return graph


def _fill_in(graph: "onnx.GraphProto", traced: Any) -> None:
    """Give what the trace has captured its values: tf2onnx takes the constants of a layer for inputs.

    Such as the means of ConvNeXt's own normalisation, which TensorFlow does not always write into the graph.
    """
    import onnx

    made = {tensor.name for tensor in graph.initializer}
    for value, inside in traced.graph.captures:
        if inside.name not in made and inside.name in {each.name for each in graph.input}:
            graph.initializer.append(onnx.numpy_helper.from_array(value.numpy(), inside.name))


def _describe(graph: "onnx.ModelProto", model: "keras.Model", metadata: dict[str, str]) -> "onnx.ModelProto":
    """Keep the nodes and the weights, name everything anew, and add what the server has to know."""
    import onnx

    from pylib.serving.canonical import canonical_graph

    body = canonical_graph(
        graph.graph, name=_PRODUCER, input_name=model.inputs[0].name, output_name=model.output_names[0]
    )
    described = onnx.helper.make_model(
        body,
        producer_name=_PRODUCER,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=graph.ir_version,
    )
    onnx.helper.set_model_props(described, metadata)
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
