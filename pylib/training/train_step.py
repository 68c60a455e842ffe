"""One training step and one validation step as tf.functions, on one device or, through tf.distribute, all."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pylib.training.losses import segmentation_loss
from pylib.training.metrics import Counts


def choose_strategy() -> tf.distribute.Strategy:
    """Mirror the model over all GPUs when there are several; otherwise the default, without any cost."""
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def confusion_matrix(classes: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
    """Count pixels in graph: int64 [C,C], rows are the truth, columns the decision (argmax of the scores).

    classes: integer [N,H,W] class indices; scores: logits or probabilities [N,H,W,C], never compared with
    the truth themselves. Matrices of batches add up to that of the whole.
    """
    count = scores.shape[-1]
    decided = tf.reshape(tf.argmax(scores, axis=-1, output_type=tf.int64), [-1])
    cells = tf.reshape(tf.cast(classes, tf.int64), [-1]) * count + decided
    # bincount, not tf.math.confusion_matrix: that one is a scatter, not deterministic on GPUs.
    flat = tf.math.bincount(tf.cast(cells, tf.int32), minlength=count**2, maxlength=count**2)
    return tf.reshape(tf.cast(flat, tf.int64), (count, count))


class TrainStep:
    """The compiled steps of one model: `model` maps uint8 [N,H,W,3] to logits float32 [N,H,W,C].

    Plain tf.functions: Keras' fit traces twice before its first step, which on two cores costs more than a
    small training run.
    """

    def __init__(
        self, model: keras.Model, optimizer: keras.optimizers.Optimizer, strategy: tf.distribute.Strategy
    ) -> None:
        self.model, self.optimizer, self.strategy = model, optimizer, strategy
        self.classes: int = model.output_shape[-1]
        self.train = tf.function(self._train, reduce_retracing=True)
        self._validate = tf.function(self._validation, reduce_retracing=True)

    def confusion(self, batches: Iterable[Any]) -> Counts:
        """Return the confusion matrix int64 [C,C] over batches of (images, masks), on one device.

        A last batch smaller than the number of devices would leave some without any image.
        """
        total = np.zeros((self.classes, self.classes), np.int64)
        for batch in batches:
            total += self._validate(*batch).numpy()
        return total

    def _train(self, images: Any, classes: Any, rate: tf.Tensor) -> tf.Tensor:
        """Take one step at this learning rate; return the mean loss of the batch, a float32 scalar."""
        self.optimizer.learning_rate.assign(rate)
        losses = self.strategy.run(self._replica_step, args=(images, classes))
        return self.strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

    def _replica_step(self, images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = segmentation_loss(classes, self.model(images, training=True))
            # Gradients are summed over replicas, so each takes its share of the mean.
            loss = tf.reduce_mean(losses) / self.strategy.num_replicas_in_sync
            scaled = self.optimizer.scale_loss(loss)
        variables = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(scaled, variables), variables, strict=True))
        return loss

    def _validation(self, images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        return confusion_matrix(classes, self.model(images, training=False))
