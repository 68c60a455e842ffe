"""What a model is made of: the fields of model.json, enough to build the architecture again."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pylib.errors import ModelError
from pylib.records import first_error

SPEC_FILE = "model.json"
Filters = Annotated[tuple[Annotated[int, Field(gt=0, le=2048)], ...], Field(min_length=4, max_length=5)]
EncoderName = Literal["mobilenet_v2", "vgg19"]


IMAGENET_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
"""Widths of MobileNetV2 that keras.applications has weights of ImageNet for."""


def imagenet_alpha(encoder: str, alpha: float) -> None:
    """Raise ModelError where there are no weights of ImageNet for an encoder of this width."""
    if encoder == "mobilenet_v2" and alpha not in IMAGENET_ALPHAS:
        known = ", ".join(str(known) for known in IMAGENET_ALPHAS)
        raise ModelError(f"no ImageNet weights of MobileNetV2 with alpha {alpha}; use one of {known}")


class WeightsOrigin(BaseModel):
    """Where the encoder's first weights came from; sha256 (hex) is that of the file, None for random ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    origin: Literal["none", "imagenet", "file"] = "none"
    sha256: str | None = None


class ModelSpec(BaseModel):
    """A U-Net: input uint8 RGB [N,H,W,3] in [0,255], H and W divisible by 32; output float32 [N,H,W,C].

    alpha: width of MobileNetV2 (https://arxiv.org/abs/1801.04381), without a meaning for VGG19
    frozen: the encoder keeps its first weights
    filters: channels of the decoder at 1/16, 1/8, 1/4, 1/2 of the input's size, and at its full size where
        there is a fifth; with four, the logits are brought to full size by a transposed convolution
    dropout: share of the decoder's last channels dropped in training, in [0,1)
    image_size: side of the training images in pixels
    classes: names by class index
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    encoder: EncoderName = "mobilenet_v2"
    alpha: float = Field(default=0.35, gt=0, le=2)
    frozen: bool = False
    filters: Filters = (96, 64, 48, 24)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    image_size: int = Field(default=128, ge=32, multiple_of=32)
    classes: tuple[str, ...] = Field(min_length=2, max_length=256)
    weights: WeightsOrigin = WeightsOrigin()

    @model_validator(mode="after")
    def _frozen_needs_weights(self) -> Self:
        if self.frozen and self.weights.origin == "none":
            raise ValueError("a frozen encoder learns nothing without first weights; give --weights")
        return self

    @property
    def fixed_normalisation(self) -> bool:
        """Whether the encoder's BatchNormalization keeps its statistics, scales and shifts.

        A few hundred images in small batches estimate statistics worse than ImageNet did, so pretrained
        encoders keep theirs, frozen or not; an encoder from scratch has to learn them.
        """
        return self.weights.origin != "none"

    def dumps(self) -> str:
        """Return the JSON text of model.json: stable, so that it can be hashed."""
        return self.model_dump_json(indent=2) + "\n"


def read_spec(folder: Path) -> ModelSpec:
    """Read a model folder's model.json; ModelError when it is missing or not a ModelSpec."""
    path = folder / SPEC_FILE
    try:
        return ModelSpec.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); is {folder} a model folder?") from error
    except ValidationError as error:
        raise ModelError(f"{path}: {first_error(error, '')}; train the model again") from error
