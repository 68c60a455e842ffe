"""What Open Inference Protocol v2 says of the server and of its model, for REST and gRPC alike."""

from importlib import metadata
from typing import Any

from pylib.serving.engine import Engine
from pylib.serving.protocols import served_model
from pylib.serving.protocols.arrays import INPUT
from pylib.serving.protocols.open_inference.tensors import DATATYPES

EXTENSIONS = ["binary_tensor_data"]


def server() -> dict[str, Any]:
    """Its name, its version, and which extensions of the protocol it has."""
    return {"name": "pylib", "version": _version(), "extensions": EXTENSIONS}


def _version() -> str:
    try:
        return metadata.version("pylib")
    except metadata.PackageNotFoundError:  # the image has the code and no package
        return "0"


def check(engine: Engine, name: str, version: str) -> None:
    """Raise RequestError where another model, or another version of it, is asked for."""
    served_model.check_name(name)
    served_model.check_version(version, engine.identity.model_digest)


def described(engine: Engine) -> dict[str, Any]:
    """The model's name, version (its SHA-256), input and outputs; raises RequestError until it is loaded.

    The input is declared as a file's bytes; numbers are taken in its place, which the protocol cannot say.
    """
    outputs = [
        {"name": each.name, "datatype": DATATYPES[each.dtype], "shape": [-1, *each.shape]}
        for each in engine.outputs
    ]
    return {
        "name": served_model.names()[0],
        "versions": [engine.identity.model_digest],
        "platform": "onnxruntime",
        "inputs": [{"name": INPUT, "datatype": "BYTES", "shape": [-1]}],
        "outputs": outputs,
        "properties": engine.identity._asdict(),
    }
