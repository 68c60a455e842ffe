"""The dense head: 124 and 64 units, dropout, L2; learned with Keras on features, in seconds."""

from typing import TYPE_CHECKING, Any

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
    import keras

    rate = float(parameters["learning_rate"])
    sgd = parameters["optimizer"] == "sgd"
    model.compile(
        optimizer=keras.optimizers.SGD(rate) if sgd else keras.optimizers.AdamW(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        steps_per_execution=-(-len(points) // BATCH),
        jit_compile=False,  # XLA compiles for the processor at hand
    )
    slower: list[Any] = [keras.callbacks.LearningRateScheduler(lambda epoch: rate / (1 + 0.5 * epoch))]
    model.fit(
        points,
        targets,
        batch_size=BATCH,
        epochs=int(parameters["epochs"]),
        callbacks=slower if sgd else [],
        verbose=0,
    )
