"""Loss, validation metrics and augmentation of a classification, on cases that can be worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from pylib.data.augmentation import item_seed
from pylib.evaluation.confusion import confusion_matrix
from pylib.tasks.classification.objective import augment, loss, measure, summary

TRUTH = np.array([0, 2, 1, 1])


def test_right_and_sure_costs_nothing_and_undecided_the_logarithm_of_the_number_of_classes() -> None:
    sure = tf.constant(np.eye(3, dtype=np.float32)[TRUTH] * 50)
    np.testing.assert_allclose(loss(TRUTH, sure), np.zeros(4), atol=1e-5)
    np.testing.assert_allclose(loss(TRUTH, tf.zeros((4, 3))), np.full(4, np.log(3)), rtol=1e-6)


def test_the_measure_of_a_batch_is_its_confusion_matrix() -> None:
    logits = tf.random.stateless_normal((4, 3), seed=(5, 6))
    np.testing.assert_array_equal(
        measure(TRUTH, logits), confusion_matrix(TRUTH, logits.numpy().argmax(-1), 3)
    )


def test_the_summary_of_a_hand_made_case() -> None:
    scores = summary(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]), ("cat", "dog", "eel"))
    assert scores == {
        "macro_f1": pytest.approx((6 / 7 + 8 / 9) / 2),
        "accuracy": 7 / 8,
        "f1_cat": pytest.approx(6 / 7),
        "f1_dog": pytest.approx(8 / 9),
    }


def picture() -> tf.Tensor:
    return tf.constant(np.random.default_rng(1).integers(0, 256, (16, 12, 3), dtype=np.uint8))


def test_one_seed_changes_an_image_in_one_way_and_never_its_label() -> None:
    seed = item_seed(3, tf.constant(1), tf.constant(2))
    first, again = (augment(picture(), tf.constant(7, tf.int64), seed, 1.0) for _ in range(2))
    other, _ = augment(picture(), tf.constant(7, tf.int64), item_seed(4, 1, 2), 1.0)
    np.testing.assert_array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other)
    assert not np.array_equal(first[0], picture())
    assert (first[0].shape, first[0].dtype) == (picture().shape, tf.uint8)
    assert (int(first[1]), first[1].dtype) == (7, tf.int64)


def test_strength_zero_changes_nothing_and_a_little_changes_little() -> None:
    even = tf.fill((16, 16, 3), tf.constant(128, tf.uint8))
    seed = item_seed(0, tf.constant(0), tf.constant(0))
    np.testing.assert_array_equal(augment(picture(), tf.constant(0), seed, 0.0)[0], picture())
    off = [
        np.abs(augment(even, tf.constant(0), seed, strength)[0].numpy().astype(int) - 128).max()
        for strength in (0.1, 1.0)
    ]
    assert 0 < off[0] < off[1]
