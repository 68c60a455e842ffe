"""A model folder: model.json and model.weights.h5, written whole, read back into a Keras model."""

from pathlib import Path

import keras

from pylib.errors import ModelError
from pylib.models.spec import SPEC_FILE, ModelSpec, read_spec
from pylib.models.unet import build_unet

WEIGHTS_FILE = "model.weights.h5"


def save_model(model: keras.Model, spec: ModelSpec, folder: Path) -> None:
    """Write model.json and model.weights.h5; the same weights give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SPEC_FILE).write_text(spec.dumps())
    model.save_weights(folder / WEIGHTS_FILE)


def load_model(folder: Path) -> keras.Model:
    """Build the float32 U-Net of a model folder with its weights; see `build_unet` for shapes.

    ModelError when a file is missing, damaged, or does not fit the other.
    """
    model = build_unet(read_spec(folder))
    path = folder / WEIGHTS_FILE
    try:
        model.load_weights(path)
    except Exception as error:  # HDF5 and Keras each have their own for a file that is not what it should be
        raise ModelError(f"{path}: missing, damaged or not of {SPEC_FILE}; train the model again") from error
    return model
