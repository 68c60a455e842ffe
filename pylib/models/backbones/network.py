"""A backbone as a network: pixels in, preprocessing inside, one row of features an image out."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

from pylib.errors import ModelError
from pylib.models.backbones.first_weights import load_first_weights
from pylib.models.backbones.table import Backbone, Preprocessing, find_backbone

if TYPE_CHECKING:
    import keras

PIXELS = "pixels"
FEATURES = "features"


def build_backbone(
    name: str,
    *,
    alpha: float = 1.0,
    image_size: int | None = None,
    weights: Path | None = None,
    frozen: bool = True,
) -> "keras.Model":
    """Build a backbone: input `pixels`, RGB float32 [N,S,S,3] in [0,255]; output `features` float32 [N,W].

    alpha: width, where it is a parameter; 1 elsewhere
    image_size: S in pixels; the backbone's native size when None
    weights: its file without its top; random weights when None
    frozen: nothing is learned

    Raises:
        ModelError: there is no such backbone, alpha or size, or the weights are not its.

    """
    import keras

    backbone = find_backbone(name)
    _check(backbone, alpha, image_size)
    side = image_size or backbone.native_size
    pixels = keras.Input((side, side, 3), name=PIXELS)
    network = application(backbone, preprocess(pixels, backbone.preprocessing), alpha, pooling="avg")
    if weights is not None:
        load_first_weights(network, weights, backbone, alpha)
    features = keras.layers.Activation("linear", dtype="float32", name=FEATURES)(network.output)
    model = keras.Model(pixels, features, name=name)
    model.trainable = not frozen
    return model


def application(
    backbone: Backbone, tensor: "keras.KerasTensor", alpha: float, pooling: str | None = None
) -> "keras.Model":
    """Build the network of keras.applications without its top on a tensor, with random weights."""
    import keras

    width = {"alpha": alpha} if backbone.has_alpha else {}
    build = getattr(keras.applications, backbone.application)
    return cast(
        "keras.Model", build(include_top=False, weights=None, input_tensor=tensor, pooling=pooling, **width)
    )


def preprocess(
    pixels: "keras.KerasTensor", preprocessing: Preprocessing, name: str = "normalise"
) -> "keras.KerasTensor":
    """Scale RGB in 0..255 as keras.applications' own preprocess_input of that kind does."""
    import keras

    if preprocessing == "inside":
        return pixels
    if preprocessing == "scaled":
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name=name)(pixels)
    bgr = keras.ops.take(pixels, [2, 1, 0], axis=-1)
    return keras.layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68], name=name)(bgr)


def _check(backbone: Backbone, alpha: float, image_size: int | None) -> None:
    if alpha <= 0 or (alpha != 1 and not backbone.has_alpha):
        fix = "give a width above 0" if backbone.has_alpha else "it has one width; leave alpha at 1"
        raise ModelError(f"backbone {backbone.name} with alpha {alpha}: {fix}")
    if image_size is not None and image_size < backbone.minimum_size:
        raise ModelError(
            f"backbone {backbone.name} on images of {image_size} pixels: give at least {backbone.minimum_size}"
        )
