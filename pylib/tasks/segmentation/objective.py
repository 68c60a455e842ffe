"""What a segmentation is trained towards: its loss, its validation metrics and score, its augmentation.

Targets are class indices 0…C-1, and IGNORED, whose pixels are left out of all of it.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pylib.data.augmentation import draw_change
from pylib.errors import DataError
from pylib.evaluation import confusion
from pylib.tasks.segmentation.ignored import counted
from pylib.training.confusion import confusion_matrix

SCORE = "mean_iou"
_SMOOTH = 1.0  # one pixel: a class that is absent and not predicted costs nothing


def cross_entropy(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the mean cross-entropy of each image, float32 [N], in nats a pixel; 0 where no pixel counts.

    classes: integer [N,H,W] class indices; logits: float32 [N,H,W,C].
    """
    counts = _counted(classes, logits)
    labels = tf.where(counts, tf.cast(classes, tf.int32), 0)
    weights = tf.cast(counts, tf.float32)
    pixels = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits) * weights
    return tf.reduce_sum(pixels, axis=(1, 2)) / tf.maximum(tf.reduce_sum(weights, axis=(1, 2)), 1.0)


def jaccard_distance(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return 1 - the soft Jaccard index over the classes of each image, float32 [N] in [0,1].

    Intersections and unions are sums of probabilities, as in https://arxiv.org/abs/1706.06169, a class at a
    time, so that a thin class weighs as much as a wide one. Shapes as in `cross_entropy`.
    """
    weights = tf.cast(_counted(classes, logits), tf.float32)[..., tf.newaxis]
    truth = tf.one_hot(tf.cast(classes, tf.int32), logits.shape[-1]) * weights
    probabilities = tf.nn.softmax(logits) * weights
    intersection = tf.reduce_sum(truth * probabilities, axis=(1, 2))
    union = tf.reduce_sum(truth + probabilities, axis=(1, 2)) - intersection
    return 1.0 - tf.reduce_mean((intersection + _SMOOTH) / (union + _SMOOTH), axis=-1)


def loss(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Return cross-entropy + Jaccard distance of each image, float32 [N].

    targets: integer [N,H,W] class indices; outputs: logits, float32 [N,H,W,C].
    """
    return cross_entropy(targets, outputs) + jaccard_distance(targets, outputs)


def measure(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Return the confusion matrix of the pixels of a batch, int64 [C,C]; shapes as in `loss`."""
    return confusion_matrix(targets, outputs)


def summary(total: NDArray[np.int64], classes: Sequence[str]) -> dict[str, float]:
    """Return mean_iou, f1 (means over the classes that occur), pixel_accuracy and iou_<class>, in [0,1].

    Raises DataError where no pixel was counted.
    """
    if not total.any():
        raise DataError("no pixel of the validation masks counts: all are ignored; add images")
    by_class = confusion.intersection_over_union(total)
    named = {f"iou_{name}": float(value) for name, value in zip(classes, by_class, strict=True)}
    return {
        "mean_iou": confusion.mean_over_classes(by_class),
        "f1": confusion.mean_over_classes(confusion.f1(total)),
        "pixel_accuracy": confusion.accuracy(total),
        **{name: value for name, value in named.items() if not np.isnan(value)},
    }


def augment(
    inputs: tf.Tensor, target: tf.Tensor, seed: tf.Tensor, strength: float, ignored: int | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Flip, turn, scale and shift image and mask by one transform; change the colours of the image only.

    inputs: uint8 [H,W,3] in [0,255]; target: uint8 [H,W] class indices; the mask gains no value that was not
    in it (nearest neighbour), but `ignored`, where there is such, for what comes from outside of it. Returns
    the same shapes and dtypes.
    """
    if strength == 0:
        return inputs, target
    change = draw_change(tf.shape(target), seed, strength)
    return change.of_image(inputs), change.of_labels(target, outside=ignored)


def _counted(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return counted(tf.convert_to_tensor(classes), logits.shape[-1])
