"""What BatchNormalization divides by is rounded once, so that no processor's own rounding is in it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pylib.models.backbones import build_backbone
from pylib.models.backbones.exact_roots import hold_roots

VALUES = np.random.default_rng(0).uniform(1e-6, 100, 100_000).astype(np.float32)


@pytest.fixture(autouse=True, scope="module")
def _held() -> None:
    hold_roots()
    hold_roots()  # a second time changes nothing


def rounded_once(values: np.ndarray) -> np.ndarray:
    return (1 / np.sqrt(values.astype(np.float64))).astype(np.float32)


@pytest.mark.parametrize("of", [tf.math.rsqrt, keras.ops.rsqrt, tf.function(tf.math.rsqrt)])
def test_a_reciprocal_square_root_is_rounded_once(of: tf.types.experimental.GenericFunction) -> None:
    np.testing.assert_array_equal(np.asarray(of(VALUES)), rounded_once(VALUES))


def test_without_that_the_processor_decides() -> None:
    assert (np.asarray(tf.raw_ops.Rsqrt(x=VALUES)) != rounded_once(VALUES)).any()


@pytest.mark.parametrize("training", [True, False])
def test_batch_normalisation_divides_by_it(training: bool) -> None:
    norm = keras.layers.BatchNormalization(epsilon=0.0, center=False, scale=False, momentum=0.0)
    channels = np.sqrt(VALUES)
    inputs = np.stack([channels, -channels])  # mean 0, variance VALUES, nearly
    norm.build(inputs.shape)
    norm(inputs, training=True)
    variance = np.asarray(norm.moving_variance)
    outputs = tf.function(norm)(inputs, training=training)
    np.testing.assert_array_equal(np.asarray(outputs)[0], channels * rounded_once(variance))


def test_half_precision_stays_half_and_gradients_flow() -> None:
    half, whole = tf.constant([4.0], tf.float16), tf.Variable([4.0])
    with tf.GradientTape() as tape:
        root = tf.math.rsqrt(whole)
    assert tf.math.rsqrt(half).dtype == tf.float16
    np.testing.assert_array_equal(np.asarray(tape.gradient(root, whole)), [-0.0625])


def test_every_network_is_built_with_it() -> None:
    network = build_backbone("mobilenet_v2", alpha=0.35, image_size=32)
    graph = tf.function(network).get_concrete_function(tf.TensorSpec((1, 32, 32, 3))).graph
    roots = [each for each in graph.get_operations() if each.type == "Rsqrt"]
    assert roots
    assert {each.outputs[0].dtype for each in roots} == {tf.float64}
