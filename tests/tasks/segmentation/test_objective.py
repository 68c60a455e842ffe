"""Loss, validation metrics and augmentation of a segmentation, on cases that can be worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from pylib.data.augmentation import draw_change, item_seed
from pylib.evaluation.confusion import confusion_matrix
from pylib.tasks.segmentation.objective import (
    augment,
    cross_entropy,
    jaccard_distance,
    loss,
    measure,
    summary,
)

TRUTH = np.random.default_rng(0).integers(0, 3, (4, 16, 16), dtype=np.uint8)


def logits_for(classes: np.ndarray, confidence: float) -> tf.Tensor:
    return tf.constant(np.eye(3, dtype=np.float32)[classes] * confidence)


def test_right_and_sure_costs_nothing() -> None:
    np.testing.assert_allclose(loss(TRUTH, logits_for(TRUTH, 50.0)), np.zeros(4), atol=1e-5)


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
    whole = loss(TRUTH, logits)
    single = tf.concat([loss(TRUTH[i : i + 1], logits[i : i + 1]) for i in range(4)], axis=0)
    np.testing.assert_allclose(whole, single, rtol=1e-5)


def test_a_step_down_the_gradient_lowers_the_loss() -> None:
    logits = tf.Variable(tf.random.stateless_normal((4, 16, 16, 3), seed=(3, 4)))
    with tf.GradientTape() as tape:
        before = tf.reduce_sum(loss(TRUTH, logits))
    gradient = tape.gradient(before, logits)
    logits.assign_sub(gradient)
    assert tf.reduce_sum(loss(TRUTH, logits)) < before


def test_the_summary_of_a_hand_made_case():
    counts = np.array([[1, 1, 0], [0, 1, 0], [0, 1, 0]])
    assert summary(counts, ("object", "background", "border")) == {
        "mean_iou": pytest.approx((1 / 2 + 1 / 3) / 3),
        "f1": pytest.approx((2 / 3 + 1 / 2) / 3),
        "pixel_accuracy": 0.5,
        "iou_object": 0.5,
        "iou_background": pytest.approx(1 / 3),
        "iou_border": 0.0,
    }


def test_the_summary_leaves_out_a_class_that_does_not_occur():
    scores = summary(np.array([[3, 0, 0], [0, 5, 0], [0, 0, 0]]), ("a", "b", "c"))
    assert scores["mean_iou"] == 1.0
    assert "iou_c" not in scores


def test_the_measure_of_a_batch_is_its_confusion_matrix() -> None:
    logits = tf.random.stateless_normal((4, 16, 16, 3), seed=(5, 6))
    decided = logits.numpy().argmax(-1)
    np.testing.assert_array_equal(measure(TRUTH, logits), confusion_matrix(TRUTH, decided, 3))


def test_image_and_mask_go_through_one_change() -> None:
    image = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    seed = item_seed(3, tf.constant(1), tf.constant(2))
    change = draw_change(tf.constant([16, 16]), seed, 0.5)
    found = augment(tf.constant(image), tf.constant(TRUTH[0]), seed, 0.5)
    expected = change.of_image(tf.constant(image)), change.of_labels(tf.constant(TRUTH[0]))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(found[0], image)


def test_strength_zero_changes_nothing() -> None:
    image = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    found = augment(image, TRUTH[0], item_seed(0, tf.constant(0), tf.constant(0)), 0.0)
    for before, after in zip((image, TRUTH[0]), found, strict=True):
        np.testing.assert_array_equal(before, after)
