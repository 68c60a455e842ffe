"""Metrics of hard decisions, against hand-made cases and scikit-learn."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import confusion_matrix as sklearn_confusion
from sklearn.metrics import f1_score, jaccard_score

from pylib.training.metrics import f1, iou, pixel_accuracy, summary
from pylib.training.steps import confusion_matrix

NAMES = ("object", "background", "border")
masks = arrays(np.uint8, (2, 4, 5), elements=st.integers(0, 2))


def test_a_perfect_prediction_scores_one_at_any_confidence() -> None:
    truth = np.random.default_rng(0).integers(0, 3, (2, 8, 8))
    for confidence in (0.4, 0.99):
        probabilities = np.where(np.eye(3)[truth] == 1, confidence, (1 - confidence) / 2)
        scores = summary(confusion_matrix(truth, tf.constant(probabilities)).numpy(), NAMES)
        assert set(scores.values()) == {1.0}


def test_hand_made_case() -> None:
    truth = tf.constant([[[0, 0], [1, 2]]])
    scores = tf.one_hot(tf.constant([[[0, 1], [1, 1]]]), 3)
    confusion = confusion_matrix(truth, scores).numpy()
    assert confusion.tolist() == [[1, 1, 0], [0, 1, 0], [0, 1, 0]]
    assert iou(confusion).tolist() == pytest.approx([1 / 2, 1 / 3, 0])
    assert f1(confusion).tolist() == pytest.approx([2 / 3, 1 / 2, 0])
    assert pixel_accuracy(confusion) == 0.5


def test_background_everywhere_does_not_look_good() -> None:
    confusion = np.array([[0, 20, 0], [0, 72, 0], [0, 8, 0]])
    scores = summary(confusion, NAMES)
    assert scores["pixel_accuracy"] == 0.72
    assert scores["mean_iou"] == pytest.approx(0.24)


def test_a_class_that_does_not_occur_has_no_score() -> None:
    scores = summary(np.array([[3, 0, 0], [0, 5, 0], [0, 0, 0]]), NAMES)
    assert scores["mean_iou"] == 1.0
    assert "iou_border" not in scores


@given(masks, masks)
def test_scores_equal_those_of_scikit_learn(truth: np.ndarray, decided: np.ndarray) -> None:
    confusion = sklearn_confusion(truth.ravel(), decided.ravel(), labels=[0, 1, 2]).astype(np.int64)
    occurs = confusion.sum(axis=0) + confusion.sum(axis=1) > 0
    options = {"labels": [0, 1, 2], "average": None, "zero_division": 0}
    expected = jaccard_score(truth.ravel(), decided.ravel(), **options)
    np.testing.assert_allclose(iou(confusion)[occurs], expected[occurs])
    np.testing.assert_allclose(
        f1(confusion)[occurs], f1_score(truth.ravel(), decided.ravel(), **options)[occurs]
    )
    assert np.isnan(iou(confusion)[~occurs]).all()


def test_matrices_of_batches_add_up_to_that_of_the_whole() -> None:
    random = np.random.default_rng(1)
    truth = random.integers(0, 3, (6, 8, 8), dtype=np.uint8)
    scores = random.normal(size=(6, 8, 8, 3)).astype(np.float32)
    whole = confusion_matrix(truth, tf.constant(scores)).numpy()
    parts = [confusion_matrix(truth[i : i + 4], tf.constant(scores[i : i + 4])).numpy() for i in (0, 4)]
    np.testing.assert_array_equal(whole, sum(parts))
    np.testing.assert_array_equal(whole, sklearn_confusion(truth.ravel(), scores.argmax(-1).ravel()))
