"""The dense head: 124 and 64 units, dropout, L2; learned with Keras on features, in seconds."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from pylib.heads.standard import standard
from pylib.heads.table import Parameters
from pylib.models.heads.fitted import FittedHead
from pylib.models.heads.logits import standardised
from pylib.models.heads.spec import HIDDEN, HeadSpec, dense_layout

if TYPE_CHECKING:
    import keras

BATCH = 32
DROPOUT = 0.2
L2 = 1e-4


def fit(
    features: NDArray[np.float32], targets: NDArray[np.int64], parameters: Parameters, seed: int
) -> FittedHead:
    """Fit on features [N,W] and targets [N], each of the classes 0…C-1 among them."""
    arrays, classes = standard(features), int(targets.max()) + 1
    learner = _learner(features.shape[1], classes, str(parameters["optimizer"]), seed)
    learned = learner.learn(
        standardised(arrays, features),
        targets,
        rate=float(parameters["learning_rate"]),
        epochs=int(parameters["epochs"]),
    )
    layout = dense_layout(features.shape[1], classes)
    spec = HeadSpec(kind="dense", parameters=parameters, arrays=layout.arrays)
    return FittedHead(spec, dict(sorted((arrays | learned).items())))


@dataclass(frozen=True)
class _Learner:
    """A network and its optimizer, built and traced once for all folds; each begins as it first was."""

    model: "keras.Model"
    optimizer: "keras.optimizers.Optimizer"
    first: list[NDArray[Any]]
    epoch: Callable[..., None]
    falling: bool

    def learn(
        self, points: NDArray[np.float32], targets: NDArray[np.int64], *, rate: float, epochs: int
    ) -> dict[str, NDArray[np.float32]]:
        """AdamW at one rate; SGD's falls as 1 / (1 + epoch / 2). What fills no batch of 32 waits."""
        for variable, value in zip(self._state(), self.first, strict=True):
            variable.assign(value)
        batch = min(BATCH, len(points))
        generator = np.random.default_rng(0)  # of the order alone
        for number in range(epochs):
            self.optimizer.learning_rate.assign(rate / (1 + 0.5 * number) if self.falling else rate)
            order = generator.permutation(len(points))[: len(points) // batch * batch]
            self.epoch(points, targets, order.reshape(-1, batch))
        dense = [layer for layer in self.model.layers if layer.weights and hasattr(layer, "kernel")]
        kernels = {f"weights_{place}": np.array(layer.kernel) for place, layer in enumerate(dense)}
        return kernels | {f"bias_{place}": np.array(layer.bias) for place, layer in enumerate(dense)}

    def _state(self) -> list[Any]:
        return [*self.model.variables, *self.optimizer.variables]


@functools.cache
def _learner(width: int, classes: int, optimizer: str, seed: int) -> _Learner:
    import keras

    from pylib.training.determinism import make_deterministic

    make_deterministic(seed, deterministic=True)
    model = _network(width, classes)
    falling = optimizer == "sgd"
    made = keras.optimizers.SGD(0.01) if falling else keras.optimizers.AdamW()
    made.build(model.trainable_variables)
    first = [np.array(variable) for variable in [*model.variables, *made.variables]]
    return _Learner(model, made, first, _epoch(model, made, width), falling)


def _network(width: int, classes: int) -> "keras.Model":
    import keras

    layers = [keras.Input((width,))]
    for units in HIDDEN:
        layers.append(
            keras.layers.Dense(units, activation="relu", kernel_regularizer=keras.regularizers.L2(L2))
        )
        layers.append(keras.layers.Dropout(DROPOUT))
    return keras.Sequential([*layers, keras.layers.Dense(classes)])


def _epoch(model: "keras.Model", optimizer: "keras.optimizers.Optimizer", width: int) -> Callable[..., None]:
    """An epoch in one graph, over batches of places [B,n]: calling a step this small is the most of it."""
    import tensorflow as tf

    def epoch(features: tf.Tensor, labels: tf.Tensor, order: tf.Tensor) -> None:
        for places in order:
            with tf.GradientTape() as tape:
                outputs = model(tf.gather(features, places), training=True)
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(labels, places), outputs)
                loss = tf.reduce_mean(losses) + tf.add_n(model.losses)
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)

    rows = tf.TensorSpec((None, width), tf.float32)
    places = [tf.TensorSpec(shape, tf.int64) for shape in ((None,), (None, None))]
    return cast("Callable[..., None]", tf.function(epoch, input_signature=[rows, *places]))
