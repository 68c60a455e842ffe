"""The U-Net: an encoder by name, a light decoder, normalisation and calibration inside the model."""

from pathlib import Path

import keras

from pylib.models.backbones.preprocessing import preprocess
from pylib.models.backbones.table import BACKBONES
from pylib.models.calibration_layer import probabilities
from pylib.models.encoders import build_encoder
from pylib.models.unet_spec import UNetSpec

LOGITS = "logits"


def build_unet(spec: UNetSpec, weights: Path | None = None) -> keras.Model:
    """Build the U-Net (https://arxiv.org/abs/1505.04597) that a spec describes.

    Input: uint8 RGB [N,H,W,3] in [0,255], H and W divisible by 32. Output: float32 probabilities
    [N,H,W,C] that sum to 1, also under mixed precision; the layer "logits" has them before the softmax.
    weights: the encoder's file, see `build_encoder`.
    """
    image = keras.Input((None, None, 3), dtype="uint8", name="image")
    encoder = build_encoder(spec, weights)
    normalised = preprocess(image, BACKBONES[spec.encoder].preprocessing)
    *skips, x = encoder(normalised)
    for level, (skip, filters) in enumerate(zip([*reversed(skips), normalised], spec.filters, strict=False)):
        x = _up(x, skip, filters, name=f"up_{level}")
    x = keras.layers.SpatialDropout2D(spec.dropout, name="dropout")(x)
    full_size = len(spec.filters) > len(skips)
    side = 1 if full_size else 2
    x = keras.layers.Conv2DTranspose(len(spec.classes), side, strides=side, dtype="float32", name=LOGITS)(x)
    return keras.Model(image, probabilities(x, spec.calibration), name="unet")


def logits_of(model: keras.Model) -> keras.Model:
    """Return the same model, same variables, up to its logits float32 [N,H,W,C]: what is trained."""
    return keras.Model(model.input, model.get_layer(LOGITS).output, name="logits_model")


def _up(x: keras.KerasTensor, skip: keras.KerasTensor, filters: int, *, name: str) -> keras.KerasTensor:
    """Double the size, join the encoder's features of that size, convolve."""
    x = keras.layers.Conv2DTranspose(filters, 2, strides=2, use_bias=False, name=f"{name}_transpose")(x)
    x = keras.layers.Concatenate(name=f"{name}_concat")([x, skip])
    x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)
