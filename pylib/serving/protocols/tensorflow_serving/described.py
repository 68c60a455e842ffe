"""What TensorFlow Serving says of a model: its status, and its signature as metadata."""

from typing import Any

from pylib.serving.engine import Engine
from pylib.serving.protocols.arrays import INPUT
from pylib.serving.protocols.tensorflow_serving import signature

DTYPES = {
    "uint8": "DT_UINT8",
    "float32": "DT_FLOAT",
    "bool": "DT_BOOL",
    "str": "DT_STRING",
    "bytes": "DT_STRING",
}
"""Of the engine's outputs."""


def status(engine: Engine) -> dict[str, Any]:
    """The one version, available; raises RequestError until the model is loaded."""
    engine.check_ready()
    version = {
        "version": str(signature.version(engine)),
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    return {"model_version_status": [version]}


def metadata(engine: Engine, name: str) -> dict[str, Any]:
    """The signature. The input is declared as a file's bytes; pixels as numbers are taken in its place."""
    outputs = {
        said: _tensor(said, DTYPES[each.dtype], (-1, *each.shape))
        for said, each in signature.outputs(engine).items()
    }
    one = {
        "inputs": {INPUT: _tensor(INPUT, "DT_STRING", (-1,))},
        "outputs": outputs,
        "method_name": signature.METHOD,
    }
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(signature.version(engine))},
        "metadata": {"signature_def": {"signature_def": {signature.NAME: one}}},
    }


def _tensor(name: str, dtype: str, shape: tuple[int, ...]) -> dict[str, Any]:
    sizes = [{"size": str(size), "name": ""} for size in shape]
    return {"dtype": dtype, "tensor_shape": {"dim": sizes, "unknown_rank": False}, "name": name}
