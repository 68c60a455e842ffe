"""A model whose batch is spread over replicas computes what it would of the whole batch.

Two kinds of layers do not by themselves: batch normalisation, whose mean and variance are of the items that
it sees, and dropout, which draws for these. With one replica nothing is changed.
"""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf


def spread(model: keras.Model, strategy: tf.distribute.Strategy) -> None:
    """Let the layers of a model see the whole batch; to be called before its first step is traced."""
    if strategy.num_replicas_in_sync == 1:
        return
    for layer in _layers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True
        elif isinstance(layer, keras.layers.Dropout):
            layer.call = _of_whole_batch(layer)


def _layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _of_whole_batch(layer: keras.layers.Dropout) -> Callable[..., Any]:
    """Return the layer's call: it draws for the whole batch, and takes the replica's share.

    All replicas have the same state of the generator, so by itself each would drop the same.
    """
    alone = layer.call

    def call(inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        if not training or context is None or context.num_replicas_in_sync == 1:
            return alone(inputs, training=training)
        count = tf.shape(inputs)[0]
        shape = tf.concat([[count * context.num_replicas_in_sync], tf.shape(inputs)[1:]], 0)
        kept = alone(tf.ones(shape, inputs.dtype), training=True)
        first = tf.cast(context.replica_id_in_sync_group, tf.int32) * count
        return inputs * kept[first : first + count]

    return call
