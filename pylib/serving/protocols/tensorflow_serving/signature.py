"""The one signature of the model, as a TensorFlow Serving client sees it: `image` in, the answer's parts out.

What a classifier says is called as in TensorFlow's own examples of retraining: `classes` and `prediction`,
the names and the probability of each. Outputs that are files end in `_bytes`, by which TensorFlow Serving's
REST knows that they go as base64: https://www.tensorflow.org/tfx/serving/api_rest#encoding_binary_values
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.errors import RequestError
from pylib.serving.engine import Engine, Output
from pylib.serving.protocols import arrays, served_model

NAME, METHOD = "serving_default", "tensorflow/serving/predict"
_NAMES = {"probabilities": "prediction"}
_TAGS = ("prediction_id", "model_digest")
_DIGITS = 15  # of a SHA-256 in hex: 60 bits, which fit the int64 that a version is


def version(engine: Engine) -> int:
    """The model's version, a number as TensorFlow Serving wants it: the first 60 bits of its SHA-256."""
    return int(engine.identity.model_digest[:_DIGITS], 16)


def check_model(engine: Engine, name: str, number: str, label: str = "") -> None:
    """Raise RequestError where another model, version or label (the model's SHA-256) is asked for."""
    served_model.check_name(name)
    served_model.check_version(number, str(version(engine)))
    served_model.check_version(label, engine.identity.model_digest)


def check_signature(name: str) -> None:
    """Raise RequestError where a signature is asked for that there is not; empty is the one."""
    if name not in {"", NAME}:
        raise RequestError(f"there is no signature {name[:80]!r}: leave it out, or ask for {NAME}")


def outputs(engine: Engine) -> dict[str, Output]:
    """What can be asked for, by the name that it has here."""
    told = {_name(each): each for each in engine.outputs}
    return {**told, **{name: Output(name, "str", ()) for name in _TAGS}}


def answered(engine: Engine, images: NDArray[Any], names: Sequence[str]) -> Mapping[str, NDArray[Any]]:
    """Ask about each image, and give those outputs, [N,…]; raises RequestError."""
    known = outputs(engine)
    arrays.check_names(names, list(known))
    wanted = {name: known[name].name for name in names if name not in _TAGS}
    found = arrays.answered(engine, images, list(wanted.values()))
    tags = {name: np.array([each.tags[name] for each in found.answers], object) for name in _TAGS}
    return {name: tags[name] if name in _TAGS else found.arrays[wanted[name]] for name in names}


def _name(output: Output) -> str:
    name = _NAMES.get(output.name, output.name)
    return f"{name}_bytes" if output.dtype == "bytes" else name
