"""The export of a regression to ONNX: what is judged, and all that its digest is of."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from pylib.atomic import write_file
from pylib.tabular.regression import Regression
from pylib.tabular.table import Floats

OPSET, IR = 18, 10
"""Read by every onnxruntime since 1.18."""
INPUT, OUTPUT = "features", "value"


def export(model: Regression, path: Path, *, features: Sequence[str], target: str) -> str:
    """Write the model to `path`; return the SHA-256 of the file, which is the model's digest.

    Input `features` float64 [rows, features], output `value` float64 [rows, 1]. The file's metadata_props
    hold `format`, `task`, `features` (JSON list of names in order) and `target`. The same numbers give the
    same bytes. Source: https://onnx.ai/onnx/repo-docs/IR.html
    """
    from onnx import TensorProto, checker, helper, numpy_helper

    weights = np.ascontiguousarray(model.weights[:, None])
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", [INPUT, "weights"], ["sum"]),
            helper.make_node("Add", ["sum", "intercept"], [OUTPUT]),
        ],
        "pylib",
        [helper.make_tensor_value_info(INPUT, TensorProto.DOUBLE, [None, len(weights)])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, [None, 1])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([model.intercept]), "intercept"),
        ],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    made = helper.make_model(graph, producer_name="pylib", opset_imports=opsets, ir_version=IR)
    names = json.dumps(list(features), ensure_ascii=False)
    helper.set_model_props(made, {"features": names, "format": "1", "target": target, "task": "tabular"})
    checker.check_model(made, full_check=True)
    data: bytes = made.SerializeToString(deterministic=True)
    write_file(path, data)
    return sha256(data).hexdigest()


def predict(path: Path, features: Floats) -> Floats:
    """Values float64 [rows] of features float64 [rows, features], by the exported model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (values,) = session.run([OUTPUT], {INPUT: np.ascontiguousarray(features)})
    return np.asarray(values)[:, 0]
