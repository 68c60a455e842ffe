"""The dense head: 124 and 64 units, dropout, L2; learned with Keras on features, in seconds."""

from collections.abc import Callable
from typing import TYPE_CHECKING

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
    from pylib.training.determinism import make_deterministic

    make_deterministic(seed, deterministic=True)
    arrays, classes = standard(features), int(targets.max()) + 1
    model = _network(features.shape[1], classes)
    _learn(model, standardised(arrays, features), targets, parameters)
    layout = dense_layout(features.shape[1], classes)
    learned = [layer for layer in model.layers if layer.weights]
    for place, layer in enumerate(learned):
        arrays |= {f"weights_{place}": np.array(layer.kernel), f"bias_{place}": np.array(layer.bias)}
    spec = HeadSpec(kind="dense", parameters=parameters, arrays=layout.arrays)
    return FittedHead(spec, dict(sorted(arrays.items())))


def _network(width: int, classes: int) -> "keras.Model":
    import keras

    layers = [keras.Input((width,))]
    for units in HIDDEN:
        layers.append(
            keras.layers.Dense(units, activation="relu", kernel_regularizer=keras.regularizers.L2(L2))
        )
        layers.append(keras.layers.Dropout(DROPOUT))
    return keras.Sequential([*layers, keras.layers.Dense(classes)])


def _learn(
    model: "keras.Model", points: NDArray[np.float32], targets: NDArray[np.int64], parameters: Parameters
) -> None:
    """AdamW at one rate; or SGD, whose rate falls as 1 / (1 + epoch / 2). Batches of 32, what is left over waits."""
    import keras

    rate, sgd = float(parameters["learning_rate"]), parameters["optimizer"] == "sgd"
    optimizer = keras.optimizers.SGD(rate) if sgd else keras.optimizers.AdamW(rate)
    optimizer.build(model.trainable_variables)
    batch = min(BATCH, len(points))
    epoch = _epoch(model, optimizer, points, targets)
    generator = np.random.default_rng(0)  # of the order alone
    for number in range(int(parameters["epochs"])):
        optimizer.learning_rate.assign(rate / (1 + 0.5 * number) if sgd else rate)
        order = generator.permutation(len(points))[: len(points) // batch * batch]
        epoch(order.reshape(-1, batch))


def _epoch(
    model: "keras.Model",
    optimizer: "keras.optimizers.Optimizer",
    points: NDArray[np.float32],
    targets: NDArray[np.int64],
) -> Callable[[NDArray[np.intp]], None]:
    """An epoch in one graph, over batches of places [B,n]: of steps this small, calling each is the most of it."""
    import tensorflow as tf

    features, labels = tf.constant(points), tf.constant(targets)

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int64)])
    def epoch(order: tf.Tensor) -> None:
        for places in order:
            with tf.GradientTape() as tape:
                outputs = model(tf.gather(features, places), training=True)
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(labels, places), outputs)
                loss = tf.reduce_mean(losses) + tf.add_n(model.losses)
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)

    return lambda order: epoch(tf.constant(order, tf.int64))
