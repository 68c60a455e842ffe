"""What a U-Net is made of, without Keras: arguments are checked before it is imported."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pylib.models.calibration import Calibration
from pylib.models.spec import ModelSpec

Filters = Annotated[tuple[Annotated[int, Field(gt=0, le=2048)], ...], Field(min_length=4, max_length=5)]
EncoderName = Literal["mobilenet_v2", "vgg19"]


class UNetSpec(ModelSpec):
    """A U-Net: input uint8 RGB [N,H,W,3] in [0,255], H and W divisible by 32; output float32 [N,H,W,C].

    alpha: width of MobileNetV2 (https://arxiv.org/abs/1801.04381), without a meaning for VGG19
    frozen: the encoder keeps its first weights
    filters: channels of the decoder at 1/16, 1/8, 1/4, 1/2 of the input's size, and at its full size where
        there is a fifth; with four, the logits are brought to full size by a transposed convolution
    dropout: share of the decoder's last channels dropped in training, in [0,1)
    image_size: side of the training images in pixels
    calibration: what turns logits into probabilities; null: softmax alone, as before the model is calibrated
    """

    task: str = "segmentation"
    encoder: EncoderName = "mobilenet_v2"
    alpha: float = Field(default=0.35, gt=0, le=2)
    frozen: bool = False
    filters: Filters = (96, 64, 48, 24)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    image_size: int = Field(default=128, ge=32, multiple_of=32)
    classes: tuple[str, ...] = Field(min_length=2, max_length=256)
    calibration: Calibration | None = Field(default=None, exclude_if=lambda none: none is None)

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
