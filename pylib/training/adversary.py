"""Adversarial training: each batch is learned as it is and as it misleads the model most, half and half.

One step uphill from a random start, within eps of the image in pixel units: Wong, Rice & Kolter, Fast is
better than free, 2020, https://arxiv.org/abs/2001.03994; mixed with the clean batch as in Kurakin, Goodfellow
& Bengio, Adversarial Machine Learning at Scale, 2017, https://arxiv.org/abs/1611.01236.
"""

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from pylib.models.pixels import on_float_pixels

if TYPE_CHECKING:
    from pylib.tasks.aspects import Objective

_STRIDE = 1.25  # times eps, as Wong et al. have it


class Adversary:
    """Moves images against the model that learns from them.

    model: of images uint8 [N,H,W,3], up to what the loss takes; eps: how much a pixel may differ by, of 255
    seed: of the random starts, with the step's number
    """

    def __init__(self, model: keras.Model, objective: "Objective", eps: float, seed: int) -> None:
        self.model, self.objective = on_float_pixels(model), objective
        self.eps, self.seed = eps, seed

    def losses(self, inputs: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """The loss of each moved image, float32 [N]; gradients do not go through the way it was moved."""
        moved = tf.stop_gradient(self.moved(inputs, targets, step))
        return self.objective.loss(targets, self.model(moved, training=True))

    def moved(self, inputs: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """The images, float32 in 0..255, within eps of what they were; the same step gives the same."""
        images = tf.cast(inputs, tf.float32)
        low, high = tf.maximum(images - self.eps, 0.0), tf.minimum(images + self.eps, 255.0)
        seed = tf.stack([tf.constant(self.seed, tf.int32), tf.cast(step, tf.int32)])
        start = tf.random.stateless_uniform(tf.shape(images), seed, -self.eps, self.eps)
        started = tf.clip_by_value(images + start, low, high)
        uphill = tf.sign(self._gradient(started, targets))
        return tf.clip_by_value(started + _STRIDE * self.eps * uphill, low, high)

    def _gradient(self, images: tf.Tensor, targets: tf.Tensor) -> Any:
        """As it answers when it is asked, without dropout and with the statistics that it has learned."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            loss = tf.reduce_sum(self.objective.loss(targets, self.model(images, training=False)))
        return tape.gradient(loss, images)
