"""A backbone as a network: pixels in, preprocessing inside, one row of features an image out."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pylib.models.backbones.exact_roots import hold_roots
from pylib.models.backbones.exportable import make_exportable
from pylib.models.backbones.first_weights import load_first_weights
from pylib.models.backbones.preprocessing import correct_statistics, preprocess
from pylib.models.backbones.table import Backbone, find_backbone

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
    frozen: nothing is learned; else all is, but for the normalisation that came with weights

    Raises:
        ModelError: there is no such backbone, alpha or size, or the weights are not its.

    """
    import keras

    backbone = find_backbone(name)
    backbone.check_alpha(alpha)
    side = backbone.native_size if image_size is None else image_size
    backbone.check_size(side)
    pixels = keras.Input((side, side, 3), name=PIXELS)
    network = application(backbone, preprocess(pixels, backbone.preprocessing), alpha, pooling="avg")
    if weights is not None:
        load_first_weights(network, weights, backbone, alpha)
    if backbone.preprocessing == "statistics":
        correct_statistics(network, loaded=weights is not None)
    name_layers(network)
    make_exportable(network)
    features = keras.layers.Activation("linear", dtype="float32", name=FEATURES)(network.output)
    model = keras.Model(pixels, features, name=name)
    model.trainable = not frozen
    set_normalisation(model, fixed=weights is not None)
    return model


def application(
    backbone: Backbone, tensor: "keras.KerasTensor", alpha: float, pooling: str | None = None
) -> "keras.Model":
    """Build the network of keras.applications without its top on a tensor, with random weights."""
    import keras

    hold_roots()
    width = {"alpha": alpha} if backbone.has_alpha else {}
    build = getattr(keras.applications, backbone.application)
    return cast(
        "keras.Model", build(include_top=False, weights=None, input_tensor=tensor, pooling=pooling, **width)
    )


def set_normalisation(network: "keras.Model", *, fixed: bool) -> None:
    """Keep BatchNormalization as it came with the weights, or let it follow a short training from scratch."""
    import keras

    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            if fixed:
                layer.trainable = False  # also means stored statistics in training, see Keras' documentation
            else:
                layer.momentum = 0.9  # Keras' 0.999 needs thousands of steps to forget the first statistics


def name_layers(network: "keras.Model") -> None:
    """Give names of their own to the layers that Keras numbers by what the process built before.

    Names are written beside the weights: without this the same model gives other bytes in another process.
    """
    numbers: dict[str, int] = {}
    for layer in network._flatten_layers(include_self=False):  # noqa: SLF001
        kind = _snake(type(layer).__name__)
        if re.fullmatch(rf"{kind}(_\d+)?", layer.name):
            numbers[kind] = numbers.get(kind, 0) + 1
            layer.name = f"{kind}_{numbers[kind]}"


def _snake(name: str) -> str:
    """As Keras makes a layer's name from its class."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
