"""The table of backbones: what is known of each without Keras, so that arguments are checked before that.

Sizes, widths, addresses and digests are those of keras.applications in Keras 3.15; a test holds them to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from pylib.errors import ModelError, did_you_mean
from pylib.models.backbones.imagenet_weights import IMAGENET, ImageNetWeights

Preprocessing = Literal["scaled", "bgr", "inside", "statistics"]
"""What is done to RGB in 0..255 before the first convolution.

scaled: to [-1,1]; bgr: channels turned, ImageNet's means taken off; inside: the network does it itself;
statistics: likewise, by means and variances that are among its weights
"""


@dataclass(frozen=True)
class Backbone:
    """One network of keras.applications without its top.

    application: its name there
    native_size: side in pixels of the images that its ImageNet weights are meant for
    features: width of what it gives for an image, at alpha 1
    minimum_size: side in pixels of the smallest images that it can be built for
    alphas: widths that ImageNet weights exist for; empty where the width is no parameter
    """

    name: str
    application: str
    native_size: int
    features: int
    preprocessing: Preprocessing
    minimum_size: int = 32
    alphas: tuple[float, ...] = ()

    @property
    def weights(self) -> ImageNetWeights:
        """The file of its ImageNet weights."""
        return IMAGENET[self.name]

    @property
    def has_alpha(self) -> bool:
        """Whether the width is a parameter."""
        return bool(self.alphas)

    def width(self, alpha: float = 1.0) -> int:
        """How many features an image has; MobileNetV2's last layer grows with alpha, and never shrinks."""
        if not self.has_alpha or alpha <= 1:
            return self.features
        return int(self.features * alpha + 4) // 8 * 8

    def check_size(self, image_size: int) -> None:
        """Raise ModelError where images of this side, in pixels, are too small for it."""
        if image_size < self.minimum_size:
            raise ModelError(
                f"backbone {self.name} on images of {image_size} pixels: it takes {self.minimum_size} or more"
            )

    def check_alpha(self, alpha: float) -> None:
        """Raise ModelError where it cannot be built as wide as this."""
        if not self.has_alpha and alpha != 1:
            others = ", ".join(name for name, row in BACKBONES.items() if row.has_alpha)
            raise ModelError(
                f"backbone {self.name} has no alpha, and {alpha} was given: leave it at 1, or take {others}"
            )
        if not 0 < alpha <= 2:  # noqa: PLR2004 - as a U-Net's
            raise ModelError(f"backbone {self.name} with alpha {alpha}: give one above 0, at most 2")


_ROWS = (
    Backbone("mobilenet_v2", "MobileNetV2", 224, 1280, "scaled", alphas=(0.35, 0.5, 0.75, 1.0, 1.3, 1.4)),
    Backbone("mobilenet_v3_small", "MobileNetV3Small", 224, 576, "inside"),
    Backbone("mobilenet_v3_large", "MobileNetV3Large", 224, 960, "inside"),
    Backbone("efficientnet_b0", "EfficientNetB0", 224, 1280, "statistics"),
    Backbone("efficientnet_b3", "EfficientNetB3", 300, 1536, "statistics"),
    Backbone("efficientnet_b5", "EfficientNetB5", 456, 2048, "statistics"),
    Backbone("efficientnet_v2_b0", "EfficientNetV2B0", 224, 1280, "inside"),
    Backbone("efficientnet_v2_b1", "EfficientNetV2B1", 240, 1280, "inside"),
    Backbone("efficientnet_v2_b3", "EfficientNetV2B3", 300, 1536, "inside"),
    Backbone("inception_v3", "InceptionV3", 299, 2048, "scaled", minimum_size=75),
    Backbone("xception", "Xception", 299, 2048, "scaled", minimum_size=71),
    Backbone("vgg16", "VGG16", 224, 512, "bgr"),
    Backbone("vgg19", "VGG19", 224, 512, "bgr"),
    Backbone("resnet50", "ResNet50", 224, 2048, "bgr"),
    # Of 32 pixels its last blocks see one, and tf2onnx 1.17 makes another network of them.
    Backbone("convnext_tiny", "ConvNeXtTiny", 224, 768, "inside", minimum_size=64),
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


def check_imagenet(name: str, alpha: float) -> None:
    """Raise ModelError where there are no weights of ImageNet for a backbone of this width."""
    backbone = find_backbone(name)
    if backbone.has_alpha and alpha not in backbone.alphas:
        known = ", ".join(str(known) for known in backbone.alphas)
        raise ModelError(
            f"no ImageNet weights of {backbone.application} with alpha {alpha}; use one of {known}"
        )
