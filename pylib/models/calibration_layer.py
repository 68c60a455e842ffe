"""A calibration as layers of Keras, so that it is in the exported graph: logits to probabilities."""

from typing import Any

import keras

from pylib.models.calibration import Calibration, Curve, Isotonic, Vector, by_curves

PROBABILITIES = "probabilities"


@keras.saving.register_keras_serializable("pylib")
class ByCurves(keras.layers.Layer):  # type: ignore[misc]
    """Probabilities float32 [...,C] by a curve for each class, as shares of their sum."""

    def __init__(self, curves: tuple[Curve, ...], name: str) -> None:
        super().__init__(name=name, dtype="float32")
        self.curves = curves

    def call(self, probabilities: Any) -> Any:
        """The calibrated probabilities."""
        return by_curves(self.curves, probabilities, keras.ops)


def probabilities(logits: keras.KerasTensor, calibration: Calibration | None) -> keras.KerasTensor:
    """Probabilities float32 [...,C] of logits [...,C]; without a calibration their softmax alone."""
    if calibration is None:
        return _softmax(PROBABILITIES)(logits)
    if isinstance(calibration, Vector):
        return _softmax(PROBABILITIES)(_rescaled(list(calibration.scale), list(calibration.bias))(logits))
    scaled = _rescaled(1 / calibration.temperature)(logits)
    if isinstance(calibration, Isotonic):
        return ByCurves(calibration.curves, name=PROBABILITIES)(_softmax("softmax")(scaled))
    return _softmax(PROBABILITIES)(scaled)


def _softmax(name: str) -> keras.layers.Layer:
    return keras.layers.Softmax(dtype="float32", name=name)


def _rescaled(scale: Any, offset: Any = 0.0) -> keras.layers.Layer:
    return keras.layers.Rescaling(scale, offset, dtype="float32", name="calibrated")
