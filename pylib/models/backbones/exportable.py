"""Two operations of ConvNeXt in terms that the conversion to ONNX knows: same numbers, same weights."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    Convolution = Callable[[keras.KerasTensor, keras.Variable], keras.KerasTensor]


def make_exportable(network: "keras.Model") -> None:
    """Replace a convolution of one channel a group, which Keras compiles by XLA, and GELU, which takes erfc.

    tf2onnx 1.17 converts neither. Layers, their names and their weights stay.
    """
    import keras

    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D) and layer.groups == layer.filters > 1:
            layer.convolution_op = _depthwise(layer)
        elif isinstance(layer, keras.layers.Activation) and layer.activation is keras.activations.gelu:
            layer.activation = _gelu


def _depthwise(layer: "keras.layers.Conv2D") -> "Convolution":
    import keras

    def convolve(inputs: "keras.KerasTensor", kernel: "keras.Variable") -> "keras.KerasTensor":
        by_channel = keras.ops.transpose(kernel, (0, 1, 3, 2))
        return keras.ops.depthwise_conv(inputs, by_channel, strides=layer.strides, padding=layer.padding)

    return convolve


def _gelu(x: "keras.KerasTensor") -> "keras.KerasTensor":
    """The exact one (https://arxiv.org/abs/1606.08415), not its approximation by tanh."""
    import keras

    return 0.5 * x * (1 + keras.ops.erf(x / math.sqrt(2)))
