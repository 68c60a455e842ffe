"""The classifier: a backbone by name, a head, preprocessing and calibration inside the model."""

from pathlib import Path

import keras

from pylib.models.backbones import build_backbone
from pylib.models.backbones.blocks import freeze_but_last
from pylib.models.calibration_layer import probabilities
from pylib.models.classifier_spec import ClassifierSpec
from pylib.models.heads.layer import HeadLayer

HEAD = "head"


def build_classifier(spec: ClassifierSpec, weights: Path | None = None) -> keras.Model:
    """Build the classifier that a spec describes.

    Input: uint8 RGB [N,S,S,3] in [0,255]. Output: float32 probabilities [N,C] that sum to 1, also under mixed
    precision; the layer "head" has the logits.
    weights: the backbone's file, see `build_backbone`.
    """
    image = keras.Input((spec.image_size, spec.image_size, 3), dtype="uint8", name="image")
    pixels = keras.layers.Rescaling(1.0, dtype="float32", name="as_float")(image)
    backbone = build_backbone(
        spec.backbone,
        alpha=spec.width,
        image_size=spec.image_size,
        weights=weights,
        frozen=spec.fine_tune == 0,
    )
    if spec.fine_tune:
        freeze_but_last(backbone, spec.fine_tune)
    features = keras.layers.Dropout(spec.dropout, name="dropout")(backbone(pixels))
    logits = HeadLayer(spec.layout, name=HEAD)(features)
    return keras.Model(image, probabilities(logits, spec.calibrated), name="classifier")


def logits_of(model: keras.Model) -> keras.Model:
    """Return the same model, same variables, up to its logits float32 [N,C]: what is trained."""
    return keras.Model(model.input, model.get_layer(HEAD).output, name="logits_model")
