"""A head of a classification on the backbone that made its features: what is stored and exported.

Apart from the features, so that no change here computes any of them again.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylib.models.calibration import Calibration
from pylib.models.classifier_spec import ClassifierSpec, calibration_fields
from pylib.tasks.classification.features import SEED
from pylib.tasks.classification.network import calibrated
from pylib.training.config import TrainingConfig, training_config

if TYPE_CHECKING:
    import keras

    from pylib.features.table import FeatureIndex
    from pylib.models.heads.fitted import FittedHead


def with_head(
    index: "FeatureIndex",
    head: "FittedHead",
    weights: Path | None,
    calibration: Calibration,
    confidence_threshold: float,
) -> tuple["keras.Model", ClassifierSpec]:
    """Put a head onto the backbone that made its features; return the model and its specification."""
    import keras

    from pylib.models.classifier import HEAD, build_classifier

    spec = ClassifierSpec(
        task=index.task,
        backbone=index.backbone,
        alpha=index.alpha,
        fine_tune=0,
        image_size=index.image_size,
        classes=tuple(index.classes),
        weights=index.weights,
        head=head.spec,
        confidence_threshold=confidence_threshold,
        **calibration_fields(calibration),
    )
    keras.utils.set_random_seed(SEED)
    model = build_classifier(spec, weights)
    model.get_layer(HEAD).assign(head.arrays)
    return model, spec


def fine_tuning(
    index: "FeatureIndex", head: "FittedHead", blocks: int, values: dict[str, Any]
) -> tuple[TrainingConfig, Callable[["keras.Model"], None]]:
    """Let the last blocks of the backbone learn on, with a head that was fitted on its features.

    At a tenth of the usual rate, for few epochs: what is there is good already.
    """

    def begin(model: "keras.Model") -> None:
        model.get_layer("head").assign(head.arrays)

    gentle = {"epochs": 8, "learning_rate": 4e-4, "backbone": index.backbone, "alpha": index.alpha}
    return training_config(index.task, **{**gentle, "fine_tune": blocks, **values}), begin


def tuned(
    spec: ClassifierSpec, model: "keras.Model", calibration: Calibration, confidence_threshold: float
) -> tuple["keras.Model", ClassifierSpec]:
    """Build the same model again with its calibration in it."""
    return calibrated(
        model, spec.model_copy(update={"confidence_threshold": confidence_threshold}), calibration
    )
