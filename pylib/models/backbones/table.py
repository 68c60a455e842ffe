"""The table of backbones: what is known of each without Keras, so that arguments are checked before it is imported.

Sizes, widths, addresses and digests are those of keras.applications in Keras 3.15.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from pylib.errors import ModelError, did_you_mean

Preprocessing = Literal["scaled", "bgr", "inside"]
"""What is done to RGB in 0..255 before the first convolution.

scaled: to [-1,1]; bgr: channels turned, ImageNet's means taken off; inside: the network does it itself
"""

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"


@dataclass(frozen=True)
class ImageNetWeights:
    """The file of a network without its top, trained on ImageNet.

    url: with `{alpha}` where the width is a parameter
    licence: SPDX's name; source: the address of who published the weights under it
    sha256, md5: hex digests of the file where Keras knows one; None where nobody has said one
    """

    url: str
    licence: str
    source: str
    sha256: str | None = None
    md5: str | None = None


@dataclass(frozen=True)
class Backbone:
    """One network of keras.applications without its top.

    application: its name there
    native_size, minimum_size: side of the images that ImageNet's weights were trained with, and the smallest
        that it can be built for, in pixels
    features: width of what it gives for an image, at alpha 1
    alphas: widths that ImageNet weights exist for; empty where the width is no parameter
    """

    name: str
    application: str
    native_size: int
    features: int
    preprocessing: Preprocessing
    weights: ImageNetWeights
    minimum_size: int = 32
    alphas: tuple[float, ...] = ()

    @property
    def has_alpha(self) -> bool:
        """Whether the width is a parameter."""
        return bool(self.alphas)

    def width(self, alpha: float = 1.0) -> int:
        """How many features an image has; MobileNetV2's last layer grows with alpha, and never shrinks."""
        if not self.has_alpha or alpha <= 1:
            return self.features
        return int(self.features * alpha + 4) // 8 * 8


_ROWS = (
    Backbone(
        "mobilenet_v2",
        "MobileNetV2",
        native_size=224,
        features=1280,
        preprocessing="scaled",
        alphas=(0.35, 0.5, 0.75, 1.0, 1.3, 1.4),
        weights=ImageNetWeights(
            f"{_KERAS}/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{{alpha}}_224_no_top.h5",
            "Apache-2.0",
            "https://github.com/tensorflow/models/tree/master/research/slim/nets/mobilenet",
        ),
    ),
    Backbone(
        "vgg19",
        "VGG19",
        native_size=224,
        features=512,
        preprocessing="bgr",
        weights=ImageNetWeights(
            f"{_KERAS}/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "CC-BY-4.0",
            "https://www.robots.ox.ac.uk/~vgg/research/very_deep/",
            md5="253f8cb515780f3b799900260a226db6",
        ),
    ),
)

BACKBONES: Mapping[str, Backbone] = MappingProxyType({row.name: row for row in _ROWS})
"""Every backbone by its name here."""


def find_backbone(name: str) -> Backbone:
    """Return the backbone of that name; ModelError, one line, lists those there are."""
    if name not in BACKBONES:
        meant = did_you_mean(name, BACKBONES)
        raise ModelError(
            f"backbone {name!r}: {meant + ' ' if meant else ''}there are: {', '.join(BACKBONES)}"
        )
    return BACKBONES[name]
