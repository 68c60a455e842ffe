"""What the heads of a classification learn from: a frozen backbone's features of each image.

Keras is imported where the network is built: names and widths are checked without it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from pylib.errors import ModelError
from pylib.models.backbones import build_backbone, check_imagenet, find_backbone, find_weights
from pylib.models.backbones.names import BackboneName
from pylib.models.weights_origin import WeightsOrigin
from pylib.records import Record

if TYPE_CHECKING:
    import keras

    from pylib.models.weights_source import Weights

SEED = 0
"""Of random weights: a head that learned from them finds them again."""


class Config(Record):
    """The network that looks at images.

    backbone: a network of keras.applications, without its top
    alpha: width of MobileNetV2; other backbones have one width
    """

    backbone: BackboneName = "mobilenet_v2"
    alpha: float = Field(default=0.35, gt=0, le=2)

    @model_validator(mode="before")
    @classmethod
    def _one_width(cls, content: dict[str, object]) -> dict[str, object]:
        """Take alpha as 1 where it means nothing: the same network has one name."""
        try:
            has = find_backbone(str(content.get("backbone", "mobilenet_v2"))).has_alpha
        except ModelError:
            return content  # the field itself says it
        return content if has else {**content, "alpha": 1.0}


def check(config: Config, weights: str) -> None:
    """Refuse a width that ImageNet has no weights for; raises ModelError."""
    if weights == "imagenet":
        check_imagenet(config.backbone, config.alpha)


def width(config: Config) -> int:
    """How many features an image has."""
    return find_backbone(config.backbone).width(config.alpha)


def first_weights(weights: "Weights", config: Config) -> tuple[Path | None, WeightsOrigin]:
    """Find the backbone's: `none`, `imagenet` or a file without its top; raises ModelError."""
    return find_weights(weights, config.backbone, config.alpha)


def build(config: Config, image_size: int, weights: Path | None) -> "keras.Model":
    """Build the frozen backbone on pixels as they lie in shards: uint8 [N,S,S,3] to float32 [N,W].

    Random weights are those of SEED, which this sets for the process.
    """
    import keras

    keras.utils.set_random_seed(SEED)
    image = keras.Input((image_size, image_size, 3), dtype="uint8", name="image")
    pixels = keras.layers.Rescaling(1.0, dtype="float32", name="as_float")(image)
    backbone = build_backbone(config.backbone, alpha=config.alpha, image_size=image_size, weights=weights)
    return keras.Model(image, backbone(pixels), name="features")
