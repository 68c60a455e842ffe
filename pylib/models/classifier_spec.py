"""What a classifier is made of, without Keras: arguments are checked before it is imported."""

from typing import Self

from pydantic import Field, model_validator

from pylib.errors import ModelError
from pylib.models.backbones import find_backbone
from pylib.models.backbones.names import BackboneName
from pylib.models.spec import ModelSpec


class ClassifierSpec(ModelSpec):
    """A classifier: input uint8 RGB [N,S,S,3] in [0,255]; output float32 [N,C], probabilities that sum to 1.

    alpha: width of MobileNetV2 (https://arxiv.org/abs/1801.04381), without a meaning for other backbones
    frozen: the backbone keeps its first weights
    dropout: share of the features dropped in training, in [0,1)
    image_size: S, side of the training images in pixels
    """

    task: str = "classification"
    backbone: BackboneName = "mobilenet_v2"
    alpha: float = Field(default=0.35, gt=0, le=2)
    frozen: bool = False
    dropout: float = Field(default=0.2, ge=0, lt=1)
    image_size: int = Field(default=128, ge=32)
    classes: tuple[str, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        if self.frozen and self.weights.origin == "none":
            raise ValueError("a frozen backbone learns nothing without first weights; give --weights")
        try:
            find_backbone(self.backbone).check_size(self.image_size)
        except ModelError as error:
            raise ValueError(f"{error}; give a larger image_size") from error
        return self

    @property
    def width(self) -> float:
        """The backbone's alpha: 1 where the width is no parameter."""
        return self.alpha if find_backbone(self.backbone).has_alpha else 1.0
