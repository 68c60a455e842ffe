"""One training step and one validation step as tf.functions, on one device or, by tf.distribute, many."""

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pylib.training.replicas import spread
from pylib.training.workers import Workers

if TYPE_CHECKING:
    from pylib.tasks.aspects import Objective
    from pylib.training.adversary import Adversary


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
        adversary: "Adversary | None" = None,
    ) -> None:
        self.model, self.objective = model, objective
        self.optimizer, self.strategy, self.workers = optimizer, strategy, Workers(strategy)
        self.adversary = adversary
        spread(model, strategy)
        self.train = tf.function(self._train, reduce_retracing=True)
        self._validate = tf.function(self._validation, reduce_retracing=True)

    def measure(self, batches: tf.data.Dataset) -> NDArray[Any]:
        """Return the sum of the objective's measure over batches of (inputs, targets), on a device a worker.

        A last batch smaller than the number of devices would leave some without any item.
        """
        own = batches.shard(self.workers.count, self.workers.index) if self.workers.count > 1 else batches
        measured = [self._validate(*batch).numpy() for batch in own]
        return self.workers.total(np.sum(measured, axis=0) if measured else self._nothing(batches))

    def _nothing(self, batches: tf.data.Dataset) -> NDArray[Any]:
        """What a worker without any batch measured."""
        told = self._validate.get_concrete_function(*batches.element_spec).structured_outputs
        return np.zeros(told.shape, told.dtype.as_numpy_dtype)

    def _train(self, inputs: Any, targets: Any, rate: tf.Tensor) -> tf.Tensor:
        """Take one step at this learning rate; return the mean loss of the batch, a float32 scalar."""
        self.optimizer.learning_rate.assign(rate)
        losses = self.strategy.run(self._replica_step, args=(inputs, targets))
        return self.strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

    def _replica_step(self, inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = self._losses(inputs, targets)
            # Gradients are summed over replicas, so each takes its share of the mean.
            loss = tf.reduce_mean(losses) / self.strategy.num_replicas_in_sync
            scaled = self.optimizer.scale_loss(loss)
        variables = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(scaled, variables), variables, strict=True))
        return loss

    def _losses(self, inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        losses = self.objective.loss(targets, self.model(inputs, training=True))
        if self.adversary is None:
            return losses
        return (losses + self.adversary.losses(inputs, targets, self.optimizer.iterations)) / 2

    def _validation(self, inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        return self.objective.measure(targets, self.model(inputs, training=False))
