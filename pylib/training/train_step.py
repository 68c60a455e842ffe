"""One training step and one validation step as tf.functions, on one device or, through tf.distribute, all."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pylib.tasks.aspects import Objective


def choose_strategy() -> tf.distribute.Strategy:
    """Mirror the model over all GPUs when there are several; otherwise the default, without any cost."""
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


class TrainStep:
    """The compiled steps of one model towards one objective; the model's outputs are what the loss takes.

    Plain tf.functions: Keras' fit traces twice before its first step, which on two cores costs more than a
    small training run.
    """

    def __init__(
        self,
        model: keras.Model,
        objective: "Objective",
        optimizer: keras.optimizers.Optimizer,
        strategy: tf.distribute.Strategy,
    ) -> None:
        self.model, self.objective = model, objective
        self.optimizer, self.strategy = optimizer, strategy
        self.train = tf.function(self._train, reduce_retracing=True)
        self._validate = tf.function(self._validation, reduce_retracing=True)

    def measure(self, batches: Iterable[Any]) -> NDArray[Any]:
        """Return the sum of the objective's measure over batches of (inputs, targets), on one device.

        A last batch smaller than the number of devices would leave some without any item.
        """
        total: NDArray[Any] = np.sum([self._validate(*batch).numpy() for batch in batches], axis=0)
        return total

    def _train(self, inputs: Any, targets: Any, rate: tf.Tensor) -> tf.Tensor:
        """Take one step at this learning rate; return the mean loss of the batch, a float32 scalar."""
        self.optimizer.learning_rate.assign(rate)
        losses = self.strategy.run(self._replica_step, args=(inputs, targets))
        return self.strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

    def _replica_step(self, inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = self.objective.loss(targets, self.model(inputs, training=True))
            # Gradients are summed over replicas, so each takes its share of the mean.
            loss = tf.reduce_mean(losses) / self.strategy.num_replicas_in_sync
            scaled = self.optimizer.scale_loss(loss)
        variables = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(scaled, variables), variables, strict=True))
        return loss

    def _validation(self, inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        return self.objective.measure(targets, self.model(inputs, training=False))
