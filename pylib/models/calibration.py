"""What turns a network's logits into probabilities that deserve their name; a part of the exported graph.

Written once for two: `ops` is numpy where a calibration is chosen and judged, or keras.ops in the graph.
Temperature and vector: Guo et al., On Calibration of Modern Neural Networks, 2017,
https://arxiv.org/abs/1706.04599, section 4.2. Isotonic: Zadrozny & Elkan, Transforming Classifier Scores into
Accurate Multiclass Probability Estimates, KDD 2002: a curve for each class, then shares of their sum.
"""

from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pylib.records import Record

Positive = Annotated[float, Field(gt=0)]
Probability = Annotated[float, Field(gt=0, lt=1)]
WIDTH = 0.01
"""Knots lie at least so far apart, so that what rounding moves in a probability stays small on the curve."""


class Temperature(Record):
    """Logits are divided by one number: no decision changes, only how sure it is."""

    kind: Literal["temperature"] = "temperature"
    temperature: Positive


class Vector(Record):
    """Each class's logit times `scale`, and `bias` added, one of each a class."""

    kind: Literal["vector"] = "vector"
    scale: tuple[Positive, ...]
    bias: tuple[float, ...]

    @model_validator(mode="after")
    def _of_the_same_classes(self) -> Self:
        if len(self.scale) != len(self.bias):
            raise ValueError(f"{len(self.scale)} scales and {len(self.bias)} biases: one of each a class")
        return self


class Curve(Record):
    """A rising line through knots (x, y), level before the first and after the last; y in (0,1)."""

    x: tuple[float, ...] = Field(min_length=1)
    y: tuple[Probability, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if len(self.x) != len(self.y) or list(self.y) != sorted(self.y):
            raise ValueError("a curve has as many x as y, and y that never falls")
        if len(self.x) > 1 and min(np.diff(self.x)) < WIDTH / 2:
            raise ValueError(f"knots lie closer than {WIDTH / 2:g}")
        return self


class Isotonic(Record):
    """The probabilities at a temperature, each by its class's curve, as shares of their sum."""

    kind: Literal["isotonic"] = "isotonic"
    temperature: Positive
    curves: tuple[Curve, ...]


Calibration = Annotated[Temperature | Vector | Isotonic, Field(discriminator="kind")]


def calibrated(calibration: Calibration, logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """The probabilities [...,C], which sum to 1, of logits [...,C]."""
    scores = logits.astype(np.float64)
    if isinstance(calibration, Vector):
        return softmax(scores * calibration.scale + calibration.bias)
    found = softmax(scores / calibration.temperature)
    if isinstance(calibration, Isotonic):
        return np.asarray(by_curves(calibration.curves, found, np), np.float64)
    return found


def by_curves(curves: tuple[Curve, ...], probabilities: Any, ops: Any) -> Any:
    """Each class's probability [...,C] by its curve, as shares of their sum.

    A curve is a sum of ramps that are cut to [0,1]: no term is large, so nothing cancels in float32.
    """
    columns = [_curve(curve, probabilities[..., place], ops) for place, curve in enumerate(curves)]
    found = ops.stack(columns, axis=-1)
    return found / ops.sum(found, axis=-1, keepdims=True)


def _curve(curve: Curve, x: Any, ops: Any) -> Any:
    found = x * 0.0 + curve.y[0]
    for left, right, low, high in zip(curve.x, curve.x[1:], curve.y, curve.y[1:], strict=False):
        if high > low:
            found = found + ops.clip((x - left) / (right - left), 0.0, 1.0) * (high - low)
    return found


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Softmax over the last axis."""
    return np.exp(log_softmax(scores))


def log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of softmax over the last axis."""
    less = scores - scores.max(axis=-1, keepdims=True)
    found: NDArray[np.float64] = less - np.log(np.exp(less).sum(axis=-1, keepdims=True))
    return found
