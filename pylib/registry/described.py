"""What lies beside a registered model.onnx for those who load it by MLflow: how it is called, its labels.

MLmodel has the flavour and the signature, https://mlflow.org/docs/latest/ml/model/ ; input_example.json one
request. The example is of the right form and no picture of the data set, which may be nobody's to see.
All follow from model.onnx alone, so the same model has the same files.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from pylib.errors import ModelError, one_line
from pylib.store.artifacts import MODEL_FILE

MLMODEL, EXAMPLE, LABELS = "MLmodel", "input_example.json", "labels.json"
FREE = 1
"""The extent of a dimension that a model leaves free, in the example; a side of an image is `image_size`."""


def describe(folder: Path) -> list[str]:
    """Write the files beside model.onnx, and return their names; ModelError where it is no ONNX model."""
    import onnx

    try:
        model = onnx.load(str(folder / MODEL_FILE))
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf's, onnx' own, those of the disk
        raise ModelError(f"{folder / MODEL_FILE} is not an ONNX model ({one_line(error)})") from error
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    inputs = [_tensor(each) for each in model.graph.input]
    outputs = [_tensor(each) for each in model.graph.output]
    side = int(metadata.get("image_size") or FREE)
    written = {
        MLMODEL: yaml.safe_dump(_mlmodel(inputs, outputs), sort_keys=True, allow_unicode=True),
        EXAMPLE: json.dumps({"inputs": {each["name"]: _example(each, side) for each in inputs}}) + "\n",
    }
    if labels := json.loads(metadata.get("classes") or "[]"):
        named = {str(index): label for index, label in enumerate(labels)}
        written[LABELS] = json.dumps(named, indent=1, ensure_ascii=False) + "\n"
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    return sorted(written)


def _tensor(value: Any) -> dict[str, Any]:
    """A TensorSpec as MLflow writes it; -1 is a free dimension."""
    import onnx

    tensor = value.type.tensor_type
    dtype = str(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    shape = [each.dim_value if each.HasField("dim_value") else -1 for each in tensor.shape.dim]
    return {"name": value.name, "type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}}


def _mlmodel(inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> dict[str, Any]:
    flavours = {
        "onnx": {"data": MODEL_FILE, "code": None, "providers": ["CPUExecutionProvider"]},
        "python_function": {"loader_module": "mlflow.onnx", "data": MODEL_FILE},
    }
    example = {"artifact_path": EXAMPLE, "type": "ndarray", "format": "tf-serving"}
    signature = {"inputs": json.dumps(inputs), "outputs": json.dumps(outputs), "params": None}
    return {"flavors": flavours, "signature": signature, "saved_input_example_info": example}


def _example(tensor: dict[str, Any], side: int) -> Any:
    """Zeros: a batch of one; free sides of an image are the model's own."""
    spec = tensor["tensor-spec"]["shape"]
    image = len(spec) == 4  # noqa: PLR2004 (N, height, width, channels)
    shape = [
        extent if extent > 0 else side if image and axis in {1, 2} else FREE
        for axis, extent in enumerate(spec)
    ]
    value: Any = "" if tensor["tensor-spec"]["dtype"] == "object" else 0
    for extent in reversed(shape):
        value = [value] * extent
    return value
