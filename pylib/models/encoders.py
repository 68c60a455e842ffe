"""The encoders of the U-Net: backbones whose feature maps at five sizes are read."""

from pathlib import Path

import keras

from pylib.models.backbones.first_weights import load_first_weights
from pylib.models.backbones.network import application, set_normalisation
from pylib.models.backbones.table import BACKBONES
from pylib.models.unet_spec import EncoderName, UNetSpec

# The layers that the decoder reads, at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input's size.
LEVELS: dict[EncoderName, tuple[str, ...]] = {
    "mobilenet_v2": (
        "block_1_expand_relu",
        "block_3_expand_relu",
        "block_6_expand_relu",
        "block_13_expand_relu",
        "block_16_project",
    ),
    "vgg19": ("block1_pool", "block2_pool", "block3_pool", "block4_pool", "block5_pool"),
}


def build_encoder(spec: UNetSpec, weights: Path | None = None) -> keras.Model:
    """Build the encoder: float32 [N,H,W,3], normalised, to five feature maps from 1/2 down to 1/32.

    weights: a file of the encoder without its top, as Keras 3 (.weights.h5) or keras.applications (.h5)
    writes it; random weights when None. ModelError when it does not fit.
    """
    backbone = BACKBONES[spec.encoder]
    pixels = keras.Input((None, None, 3), name="pixels")  # a name of its own: Keras' counts, and is stored
    base = application(backbone, pixels, spec.alpha)
    if weights is not None:
        load_first_weights(base, weights, backbone, spec.alpha)
    outputs = [base.get_layer(name).output for name in LEVELS[spec.encoder]]
    encoder = keras.Model(base.input, outputs, name="encoder")
    encoder.trainable = not spec.frozen
    set_normalisation(encoder, fixed=spec.fixed_normalisation)
    return encoder
