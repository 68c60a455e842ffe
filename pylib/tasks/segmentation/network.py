"""The network of a segmentation: a U-Net on an encoder, and its own hyper-parameters.

Keras is imported where a model is built: hyper-parameters are checked without it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from pylib.data.shards import ShardIndex
from pylib.errors import ConfigurationError
from pylib.models.backbones import check_imagenet, find_weights
from pylib.models.calibration import Calibration
from pylib.models.spec import WeightsOrigin
from pylib.models.unet_spec import EncoderName, Filters, UNetSpec
from pylib.training.config import TrainingConfig, one_line

if TYPE_CHECKING:
    import keras

    from pylib.models.weights_source import Weights

Spec = UNetSpec


class Config(TrainingConfig):
    """The hyper-parameters of a run; see `UNetSpec` for encoder and alpha.

    frozen: the encoder keeps its first weights
    filters: channels of the decoder, from 1/16 of the image's size up to 1/2, or to its full size
    dropout: share of the decoder's last channels dropped in training
    encoder_lr_multiplier: share of the learning rate at which an encoder with first weights learns
    """

    encoder: EncoderName = "mobilenet_v2"
    alpha: float = Field(default=0.35, gt=0, le=2)
    frozen: bool = False
    filters: Filters = (96, 64, 48, 24)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    encoder_lr_multiplier: float = Field(default=0.08, gt=0, le=1)


def first_weights(weights: "Weights", config: Config) -> tuple[Path | None, WeightsOrigin]:
    """Find the encoder's: `none`, `imagenet` or a file without its top; raises ModelError."""
    return find_weights(weights, config.encoder, config.alpha)


def check_weights(config: Config, weights: str) -> None:
    """Refuse widths that ImageNet has no weights for, and a frozen encoder of random ones."""
    if weights == "imagenet":
        check_imagenet(config.encoder, config.alpha)
    if config.frozen and weights == "none":
        raise ConfigurationError(
            "options: a frozen encoder learns nothing without first weights; give --weights"
        )


def spec(config: Config, index: ShardIndex, weights: WeightsOrigin) -> UNetSpec:
    """Describe the U-Net for the images and classes of these shards; raises ConfigurationError."""
    try:
        return UNetSpec(
            task=index.task,
            encoder=config.encoder,
            alpha=config.alpha,
            frozen=config.frozen,
            filters=config.filters,
            dropout=config.dropout,
            image_size=index.image_size,
            classes=tuple(index.classes),
            weights=weights,
        )
    except ValidationError as error:
        raise ConfigurationError(f"model: {one_line(error)}") from error


def build(spec: UNetSpec, weights: Path | None) -> "keras.Model":
    """Build what is stored and served: uint8 [N,H,W,3] to probabilities, float32 [N,H,W,C]."""
    from pylib.models.unet import build_unet

    return build_unet(spec, weights)


def trained_part(model: "keras.Model") -> "keras.Model":
    """Return the same model, same variables, up to its logits float32 [N,H,W,C], which the loss takes."""
    from pylib.models.unet import logits_of

    return logits_of(model)


def lr_multipliers(model: "keras.Model", spec: UNetSpec, config: Config) -> dict[str, float]:
    """Let an encoder with first weights learn slower than the decoder, whose weights are random."""
    if spec.weights.origin == "none":
        return {}
    encoder = model.get_layer("encoder").trainable_variables
    return {variable.path: config.encoder_lr_multiplier for variable in encoder}


def calibrated(
    model: "keras.Model", spec: UNetSpec, calibration: Calibration
) -> tuple["keras.Model", UNetSpec]:
    """Build the same model again with its calibration in it; return it and its specification."""
    from pylib.models.storage import with_variables

    found = spec.model_copy(update={"calibration": calibration})
    return with_variables(build(found, None), model), found
