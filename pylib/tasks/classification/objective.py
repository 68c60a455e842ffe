"""What a classification is trained towards: its loss, its validation metrics and score, its augmentation."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pylib.data.augmentation import draw_change
from pylib.evaluation import confusion
from pylib.training.confusion import confusion_matrix

SCORE = "macro_f1"
_CHANNEL = 0.15  # how much brighter or darker a channel gets at most, at strength 1


def loss(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Return the cross-entropy of each image, float32 [N], in nats.

    targets: integer [N] class indices; outputs: logits, float32 [N,C].
    """
    return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, outputs)


def measure(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Return the confusion matrix of a batch, int64 [C,C]; shapes as in `loss`."""
    return confusion_matrix(targets, outputs)


def summary(total: NDArray[np.int64], classes: Sequence[str]) -> dict[str, float]:
    """Return macro_f1 (the mean over the classes that occur), accuracy and f1_<class>, in [0,1]."""
    by_class = confusion.f1(total)
    named = {f"f1_{name}": float(value) for name, value in zip(classes, by_class, strict=True)}
    return {
        "macro_f1": confusion.mean_over_classes(by_class),
        "accuracy": confusion.accuracy(total),
        **{name: value for name, value in named.items() if not np.isnan(value)},
    }


def augment(
    inputs: tf.Tensor, target: tf.Tensor, seed: tf.Tensor, strength: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Flip, turn, scale and shift the image, and change its colours, each channel by itself too.

    inputs: uint8 [H,W,3] in [0,255]; target: int64 [], which stays. Returns the same shapes and dtypes.
    """
    if strength == 0:
        return inputs, target
    moved = draw_change(tf.shape(inputs), seed, strength).of_image(inputs)
    apart = tf.random.experimental.stateless_fold_in(seed, 1)
    gain = 1 + tf.random.stateless_uniform([3], apart, -1.0, 1.0) * _CHANNEL * strength
    return tf.saturate_cast(tf.round(tf.cast(moved, tf.float32) * gain), tf.uint8), target
