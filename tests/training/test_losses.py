"""The loss, on cases that can be worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from pylib.training.losses import cross_entropy, jaccard_distance, segmentation_loss

TRUTH = np.random.default_rng(0).integers(0, 3, (4, 16, 16), dtype=np.uint8)


def logits_for(classes: np.ndarray, confidence: float) -> tf.Tensor:
    return tf.constant(np.eye(3, dtype=np.float32)[classes] * confidence)


def test_right_and_sure_costs_nothing() -> None:
    np.testing.assert_allclose(segmentation_loss(TRUTH, logits_for(TRUTH, 50.0)), np.zeros(4), atol=1e-5)


def test_undecided_costs_the_logarithm_of_the_number_of_classes() -> None:
    np.testing.assert_allclose(cross_entropy(TRUTH, tf.zeros((4, 16, 16, 3))), np.log(3), rtol=1e-5)


def test_jaccard_of_sure_answers_is_that_of_the_counts() -> None:
    truth = np.zeros((1, 10, 10), np.uint8)
    truth[:, :5] = 1
    decided = np.zeros((1, 10, 10), np.uint8)
    decided[:, 3:5] = 1
    # Class 0: 50 shared of 80; class 1: 20 of 50; class 2: absent from both, so right.
    expected = 1 - np.mean([51 / 81, 21 / 51, 1])
    assert jaccard_distance(truth, logits_for(decided, 50.0)).numpy() == pytest.approx([expected], abs=1e-5)


def test_a_batch_costs_what_its_images_cost() -> None:
    logits = tf.random.stateless_normal((4, 16, 16, 3), seed=(1, 2))
    whole = segmentation_loss(TRUTH, logits)
    single = tf.concat([segmentation_loss(TRUTH[i : i + 1], logits[i : i + 1]) for i in range(4)], axis=0)
    np.testing.assert_allclose(whole, single, rtol=1e-5)


def test_a_step_down_the_gradient_lowers_the_loss() -> None:
    logits = tf.Variable(tf.random.stateless_normal((4, 16, 16, 3), seed=(3, 4)))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(segmentation_loss(TRUTH, logits))
    gradient = tape.gradient(loss, logits)
    logits.assign_sub(gradient)
    assert tf.reduce_sum(segmentation_loss(TRUTH, logits)) < loss
