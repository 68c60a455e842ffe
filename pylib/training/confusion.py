"""Confusion matrices counted in TensorFlow, where a batch's outputs are; they add up over batches."""

import tensorflow as tf


def confusion_matrix(classes: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
    """Count decisions in graph: int64 [C,C], rows are the truth, columns the decision (argmax of the scores).

    classes: integer [N,…] class indices; scores: logits or probabilities [N,…,C], never compared with the
    truth themselves. Matrices of batches add up to that of the whole. What has no class, an index of C or
    more, is not counted.
    """
    count = scores.shape[-1]
    decided = tf.reshape(tf.argmax(scores, axis=-1, output_type=tf.int64), [-1])
    cells = tf.reshape(tf.cast(classes, tf.int64), [-1]) * count + decided
    # bincount, not tf.math.confusion_matrix: that one is a scatter, not deterministic on GPUs. It skips cells
    # from maxlength on, which are those of indices without a class.
    flat = tf.math.bincount(tf.cast(cells, tf.int32), minlength=count**2, maxlength=count**2)
    return tf.reshape(tf.cast(flat, tf.int64), (count, count))
