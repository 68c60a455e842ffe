"""The files of ImageNet weights that keras.applications downloads: publishers, licences and digests."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_SERVER = "https://storage.googleapis.com"
_KERAS = f"{_SERVER}/tensorflow/keras-applications"


@dataclass(frozen=True)
class ImageNetWeights:
    """The file of a network without its top, trained on ImageNet.

    url: with `{alpha}` where the width is a parameter
    licence: of the weights, by SPDX's name; source: the address where their publisher states it
    md5, sha256: hex digests where Keras has one; no other is known, and none was made up
    """

    url: str
    licence: str
    source: str
    md5: str | None = None
    sha256: str | None = None

    @property
    def digest(self) -> str | None:
        """The better digest of the two; None where there is neither."""
        return self.sha256 or self.md5


_TENSORFLOW = ("Apache-2.0", "https://github.com/tensorflow/models/blob/master/LICENSE")
_TPU = ("Apache-2.0", "https://github.com/tensorflow/tpu/blob/master/LICENSE")
_AUTOML = ("Apache-2.0", "https://github.com/google/automl/blob/master/LICENSE")
_CHOLLET = ("MIT", "https://github.com/keras-team/keras-applications/blob/master/LICENSE")
_OXFORD = ("CC-BY-4.0", "https://www.robots.ox.ac.uk/~vgg/research/very_deep/")
_HE = ("MIT", "https://github.com/KaimingHe/deep-residual-networks/blob/master/LICENSE")
_META = ("MIT", "https://github.com/facebookresearch/ConvNeXt/blob/main/LICENSE")


def _v2(path: str, md5: str) -> ImageNetWeights:
    return ImageNetWeights(f"{_KERAS}/efficientnet_v2/efficientnetv2-{path}_notop.h5", *_AUTOML, md5)


def _v1(path: str, md5: str) -> ImageNetWeights:
    return ImageNetWeights(f"{_SERVER}/keras-applications/efficientnet{path}_notop.h5", *_TPU, md5)


def _v3(size: str, md5: str) -> ImageNetWeights:
    file = f"weights_mobilenet_v3_{size}_224_1.0_float_no_top_v2.h5"
    return ImageNetWeights(f"{_KERAS}/mobilenet_v3/{file}", *_TENSORFLOW, md5)


def _kernels(folder: str, name: str, publisher: tuple[str, str], md5: str) -> ImageNetWeights:
    file = f"{name}_weights_tf_dim_ordering_tf_kernels_notop.h5"
    return ImageNetWeights(f"{_KERAS}/{folder}/{file}", *publisher, md5)


IMAGENET: Mapping[str, ImageNetWeights] = MappingProxyType(
    {
        "mobilenet_v2": ImageNetWeights(
            f"{_KERAS}/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{{alpha}}_224_no_top.h5",
            *_TENSORFLOW,
        ),
        "mobilenet_v3_small": _v3("small", "d3e8ec802a04aa4fc771ee12a9a9b836"),
        "mobilenet_v3_large": _v3("large", "07fb09a5933dd0c8eaafa16978110389"),
        "efficientnet_b0": _v1("b0", "50bc09e76180e00e4465e1a485ddc09d"),
        "efficientnet_b3": _v1("b3", "af6d107764bb5b1abb91932881670226"),
        "efficientnet_b5": _v1("b5", "38879255a25d3c92d5e44e04ae6cec6f"),
        "efficientnet_v2_b0": _v2("b0", "893217f2bb855e2983157299931e43ff"),
        "efficientnet_v2_b1": _v2("b1", "0e80663031ca32d657f9caa404b6ec37"),
        "efficientnet_v2_b3": _v2("b3", "f6abf7b5849ac99a89b50dd3fd532856"),
        "inception_v3": _kernels(
            "inception_v3", "inception_v3", _TENSORFLOW, "bcbd6486424b2319ff4ef7d526e38f63"
        ),
        "xception": _kernels("xception", "xception", _CHOLLET, "b0042744bf5b25fce3cb969f33bebb97"),
        "vgg16": _kernels("vgg16", "vgg16", _OXFORD, "6d6bbae143d832006294945121d1f1fc"),
        "vgg19": _kernels("vgg19", "vgg19", _OXFORD, "253f8cb515780f3b799900260a226db6"),
        "resnet50": _kernels("resnet", "resnet50", _HE, "4d473c1dd8becc155b73f8504c6f6626"),
        "convnext_tiny": ImageNetWeights(
            f"{_KERAS}/convnext/convnext_tiny_notop.h5",
            *_META,
            sha256="d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
        ),
    }
)
"""The weights of every backbone, by its name."""
