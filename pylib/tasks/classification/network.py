"""The network of a classification: a head on a backbone, and the hyper-parameters of its fine-tuning.

Keras is imported where a model is built: hyper-parameters are checked without it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from pylib.data.shards import ShardIndex
from pylib.errors import ConfigurationError, ModelError
from pylib.models.backbones import check_imagenet, find_weights
from pylib.models.backbones.blocks import check_count
from pylib.models.backbones.names import BackboneName
from pylib.models.calibration import Calibration
from pylib.models.classifier_spec import ClassifierSpec, calibration_fields
from pylib.models.spec import WeightsOrigin
from pylib.training.config import TrainingConfig, one_line

if TYPE_CHECKING:
    import keras

    from pylib.models.weights_source import Weights

Spec = ClassifierSpec


class Config(TrainingConfig):
    """The hyper-parameters of a run; see `ClassifierSpec` for alpha.

    epochs: at most that many
    backbone: a network of keras.applications, without its top
    alpha: width of MobileNetV2; other backbones have one width
    fine_tune: how many of the backbone's last blocks learn with the head; 0: none, null: all of it
    dropout: share of the features dropped in training
    backbone_lr_multiplier: share of the learning rate at which a backbone with first weights learns
    """

    epochs: int | None = Field(default=16, ge=1, le=10_000)
    backbone: BackboneName = "mobilenet_v2"
    alpha: float = Field(default=0.35, gt=0, le=2)
    fine_tune: int | None = Field(default=None, ge=0)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    backbone_lr_multiplier: float = Field(default=0.1, gt=0, le=1)

    @field_validator("fine_tune")
    @classmethod
    def _has_so_many(cls, count: int | None, info: ValidationInfo) -> int | None:
        try:
            if count and "backbone" in info.data:  # it is not where it is wrong itself
                check_count(info.data["backbone"], count)
        except ModelError as error:
            raise ValueError(str(error).partition(": ")[2]) from error
        return count


def first_weights(weights: "Weights", config: Config) -> tuple[Path | None, WeightsOrigin]:
    """Find the backbone's: `none`, `imagenet` or a file without its top; raises ModelError."""
    return find_weights(weights, config.backbone, config.alpha)


def check_weights(config: Config, weights: str) -> None:
    """Refuse widths that ImageNet has no weights for."""
    if weights == "imagenet":
        check_imagenet(config.backbone, config.alpha)


def spec(config: Config, index: ShardIndex, weights: WeightsOrigin) -> ClassifierSpec:
    """Describe the classifier for the images and classes of these shards; raises ConfigurationError."""
    try:
        return ClassifierSpec(
            task=index.task,
            backbone=config.backbone,
            alpha=config.alpha,
            fine_tune=config.fine_tune,
            dropout=config.dropout,
            image_size=index.image_size,
            classes=tuple(index.classes),
            weights=weights,
        )
    except ValidationError as error:
        raise ConfigurationError(f"model: {one_line(error)}") from error


def build(spec: ClassifierSpec, weights: Path | None) -> "keras.Model":
    """Build what is stored and served: uint8 [N,S,S,3] to probabilities, float32 [N,C]."""
    from pylib.models.classifier import build_classifier

    return build_classifier(spec, weights)


def trained_part(model: "keras.Model") -> "keras.Model":
    """Return the same model, same variables, up to its logits float32 [N,C], which the loss takes."""
    from pylib.models.classifier import logits_of

    return logits_of(model)


def lr_multipliers(model: "keras.Model", spec: ClassifierSpec, config: Config) -> dict[str, float]:
    """Let a backbone with first weights learn slower than the head, whose weights are random."""
    if spec.weights.origin == "none":
        return {}
    backbone = model.get_layer(spec.backbone).trainable_variables
    return {variable.path: config.backbone_lr_multiplier for variable in backbone}


def calibrated(
    model: "keras.Model", spec: ClassifierSpec, calibration: Calibration
) -> tuple["keras.Model", ClassifierSpec]:
    """Build the same model again with its calibration in it; return it and its specification."""
    from pylib.models.storage import with_variables

    found = spec.model_copy(update=calibration_fields(calibration))
    return with_variables(build(found, None), model), found
