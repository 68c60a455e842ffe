"""The loss of a segmentation: cross-entropy plus the soft Jaccard distance, both from logits."""

import tensorflow as tf

_SMOOTH = 1.0  # one pixel: a class that is absent and not predicted costs nothing


def cross_entropy(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the mean cross-entropy of each image, float32 [N], in nats a pixel.

    classes: integer [N,H,W] class indices; logits: float32 [N,H,W,C].
    """
    pixels = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(classes, tf.int32), logits)
    return tf.reduce_mean(pixels, axis=(1, 2))


def jaccard_distance(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return 1 - the soft Jaccard index over the classes of each image, float32 [N] in [0,1].

    Intersections and unions are sums of probabilities, as in https://arxiv.org/abs/1706.06169, a class at a
    time, so that a thin class weighs as much as a wide one. Shapes as in `cross_entropy`.
    """
    truth = tf.one_hot(tf.cast(classes, tf.int32), logits.shape[-1])
    probabilities = tf.nn.softmax(logits)
    intersection = tf.reduce_sum(truth * probabilities, axis=(1, 2))
    union = tf.reduce_sum(truth + probabilities, axis=(1, 2)) - intersection
    return 1.0 - tf.reduce_mean((intersection + _SMOOTH) / (union + _SMOOTH), axis=-1)


def segmentation_loss(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return cross-entropy + Jaccard distance of each image, float32 [N]; shapes as in `cross_entropy`."""
    return cross_entropy(classes, logits) + jaccard_distance(classes, logits)
