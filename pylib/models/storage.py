"""A model folder: model.json and model.weights.h5, written whole, read back into a Keras model."""

import hashlib
from pathlib import Path

import keras
import numpy as np

from pylib.errors import ModelError
from pylib.models.spec import SPEC_FILE, ModelSpec, read_spec
from pylib.tasks import task

WEIGHTS_FILE = "model.weights.h5"


def save_model(model: keras.Model, spec: ModelSpec, folder: Path) -> None:
    """Write model.json and model.weights.h5; the same weights give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SPEC_FILE).write_text(spec.dumps(), encoding="utf-8")
    model.save_weights(folder / WEIGHTS_FILE)


def weights_sha256(model: keras.Model) -> str:
    """Return the SHA-256, hex, of all weights, trainable or not, in the order in which the model has them.

    Of each: its dtype and shape, as `float32 (3, 3, 16)` and a newline, then its values, little-endian and in
    C order. Names are left out: Keras numbers layers by what the process built before.
    """
    digest = hashlib.sha256()
    for variable in model.weights:
        values = np.asarray(variable)
        digest.update(f"{values.dtype} {values.shape}\n".encode())
        digest.update(values.astype(values.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def with_variables(model: keras.Model, learned: keras.Model) -> keras.Model:
    """Give a model the variables of one with the same, in the same order; return it."""
    for variable, value in zip(model.variables, learned.variables, strict=True):
        variable.assign(value)
    return model


def load_model(folder: Path) -> keras.Model:
    """Build the float32 model of a model folder with its weights, as its task's network does.

    ModelError when a file is missing, damaged, or does not fit the other.
    """
    spec = read_spec(folder)
    model = task.find(spec.task).network.build(spec, None)
    path = folder / WEIGHTS_FILE
    try:
        model.load_weights(path)
    except Exception as error:  # HDF5 and Keras each have their own for a file that is not what it should be
        raise ModelError(f"{path}: missing, damaged or not of {SPEC_FILE}; train the model again") from error
    return model
