"""What is learned towards: the squared error; on validation, the share of the variance that is explained."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pylib.tasks.brightness.r2 import r2

SCORE = "r2"


def loss(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Squared error of each item, float32 [N]; targets: float32 [N], outputs: float32 [N,1]."""
    return tf.square(outputs[:, 0] - targets)


def measure(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Sums over a batch, float64 [4]: items, targets, their squares, squared errors."""
    truth, found = tf.cast(targets, tf.float64), tf.cast(outputs[:, 0], tf.float64)
    parts = (tf.ones_like(truth), truth, truth**2, (found - truth) ** 2)
    return tf.stack([tf.reduce_sum(part) for part in parts])


def summary(total: NDArray[np.float64], classes: Sequence[str]) -> dict[str, float]:
    """r2, at most 1, and the root of the mean squared error."""
    return {"r2": r2(total), "rmse": float(np.sqrt(total[3] / total[0]))}


def augment(
    inputs: tf.Tensor, target: tf.Tensor, seed: tf.Tensor, strength: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Nothing: any change of colours is a change of the target."""
    return inputs, target
