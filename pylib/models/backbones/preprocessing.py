"""What keras.applications does to pixels before its networks, as layers: it is part of what is exported."""

from typing import TYPE_CHECKING

import numpy as np

from pylib.models.backbones.table import Preprocessing

if TYPE_CHECKING:
    import keras

_MEAN = (0.485, 0.456, 0.406)  # of ImageNet's RGB, in [0,1]
_DEVIATION = (0.229, 0.224, 0.225)


def preprocess(
    pixels: "keras.KerasTensor", preprocessing: Preprocessing, name: str = "normalise"
) -> "keras.KerasTensor":
    """Scale RGB in 0..255 as keras.applications' own preprocess_input does, in a layer of that name."""
    import keras

    if preprocessing in {"inside", "statistics"}:
        return pixels
    if preprocessing == "scaled":
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name=name)(pixels)
    bgr = keras.ops.take(pixels, [2, 1, 0], axis=-1)
    return keras.layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68], name=name)(bgr)


def correct_statistics(network: "keras.Model", *, loaded: bool) -> None:
    """Let EfficientNet scale pixels as it does in keras.applications with weights of ImageNet.

    Their file has the deviation in the variance's place, which Keras mends by one more layer, only where it
    loads that file itself (https://github.com/tensorflow/tensorflow/issues/49930). Here the variance is set
    right instead. Statistics of any other file are what its network was trained with, and stay.
    """
    import keras

    (layer,) = (layer for layer in network.layers if isinstance(layer, keras.layers.Normalization))
    if loaded and not np.allclose(layer.adapt_variance, _DEVIATION, rtol=1e-3):
        return
    layer.adapt_mean.assign(_MEAN)
    layer.adapt_variance.assign(np.square(_DEVIATION))
    layer.finalize_state()
