"""What a classifier is made of, without Keras: arguments are checked before it is imported."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from pylib.errors import ModelError
from pylib.models.backbones import find_backbone
from pylib.models.backbones.names import BackboneName
from pylib.models.calibration import Calibration, Isotonic, Temperature, Vector
from pylib.models.heads.spec import HeadSpec, dense_layout
from pylib.models.spec import ModelSpec

Other = Annotated[
    Vector | Isotonic | None, Field(discriminator="kind", exclude_if=lambda other: other is None)
]


def calibration_fields(calibration: Calibration) -> dict[str, Any]:
    """The fields of a ClassifierSpec that say so."""
    if isinstance(calibration, Temperature):
        return {"temperature": calibration.temperature, "calibration": None}
    return {"temperature": 1.0, "calibration": calibration}


class ClassifierSpec(ModelSpec):
    """A classifier: input uint8 RGB [N,S,S,3] in [0,255]; output float32 [N,C], probabilities that sum to 1.

    alpha: width of MobileNetV2 (https://arxiv.org/abs/1801.04381), without a meaning for other backbones
    fine_tune: how many of the backbone's last blocks learn with the head; 0: none, null: all of it
    dropout: share of the features dropped in training, in [0,1)
    image_size: S, side of the training images in pixels
    head: what decides on the features; null: a dense one
    temperature: what logits are divided by before they become probabilities; calibration: what is done in
        its place, where another was better
    confidence_threshold: below it an answer is unsure; 0: none ever is
    """

    task: str = "classification"
    backbone: BackboneName = "mobilenet_v2"
    alpha: float = Field(default=0.35, gt=0, le=2)
    fine_tune: int | None = Field(default=None, ge=0)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    image_size: int = Field(default=128, ge=32)
    classes: tuple[str, ...] = Field(min_length=2)
    head: HeadSpec | None = None
    temperature: float = Field(default=1.0, gt=0)
    calibration: Other = None
    confidence_threshold: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        try:
            find_backbone(self.backbone).check_size(self.image_size)
        except ModelError as error:
            raise ValueError(f"{error}; give a larger image_size") from error
        return self

    @property
    def calibrated(self) -> Calibration:
        """What turns logits into probabilities."""
        return self.calibration or Temperature(temperature=self.temperature)

    @property
    def width(self) -> float:
        """The backbone's alpha: 1 where the width is no parameter."""
        return self.alpha if find_backbone(self.backbone).has_alpha else 1.0

    @property
    def layout(self) -> HeadSpec:
        """The head's, a dense one where none is said."""
        return self.head or dense_layout(find_backbone(self.backbone).width(self.width), len(self.classes))
