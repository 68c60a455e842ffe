"""Metrics: against scikit-learn, by their invariants, and where a class is absent."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk

from pylib.training import metrics
from pylib.training.train_step import confusion_matrix

CLASSES = 4
labels = hnp.arrays(np.uint8, st.integers(1, 60), elements=st.integers(0, CLASSES - 1))


@st.composite
def pairs(draw):
    truth = draw(labels)
    prediction = draw(hnp.arrays(np.uint8, truth.shape, elements=st.integers(0, CLASSES - 1)))
    return truth, prediction


@settings(max_examples=40)
@given(pairs())
def test_agrees_with_scikit_learn(pair):
    truth, prediction = pair
    everything = list(range(CLASSES))
    confusion = metrics.confusion_matrix(truth, prediction, CLASSES)
    assert np.array_equal(confusion, sk.confusion_matrix(truth, prediction, labels=everything))
    occurs = np.isin(everything, np.union1d(truth, prediction))
    for ours, theirs in (
        (metrics.intersection_over_union, sk.jaccard_score),
        (metrics.f1, sk.f1_score),
        (metrics.precision, sk.precision_score),
        (metrics.recall, sk.recall_score),
    ):
        scores = ours(confusion)
        expected = theirs(truth, prediction, labels=everything, average=None, zero_division=0)
        assert np.allclose(scores[occurs], expected[occurs])
        assert np.isnan(scores[~occurs]).all()
    assert metrics.pixel_accuracy(confusion) == pytest.approx(sk.accuracy_score(truth, prediction))


@given(pairs())
def test_bounds_and_order(pair):
    confusion = metrics.confusion_matrix(*pair, CLASSES)
    iou, f1 = metrics.intersection_over_union(confusion), metrics.f1(confusion)
    occurs = ~np.isnan(iou)
    assert ((iou[occurs] >= 0) & (iou[occurs] <= f1[occurs]) & (f1[occurs] <= 1)).all()
    assert np.allclose(f1[occurs], 2 * iou[occurs] / (1 + iou[occurs]))  # Dice and Jaccard say the same


@given(labels)
def test_the_truth_scores_one(truth):
    confusion = metrics.confusion_matrix(truth, truth, CLASSES)
    assert metrics.mean_iou(confusion) == metrics.pixel_accuracy(confusion) == 1


@given(pairs(), st.permutations(range(CLASSES)))
def test_class_order_does_not_matter(pair, order):
    truth, prediction = pair
    before = metrics.mean_iou(metrics.confusion_matrix(truth, prediction, CLASSES))
    table = np.array(order)
    after = metrics.mean_iou(metrics.confusion_matrix(table[truth], table[prediction], CLASSES))
    assert before == pytest.approx(after)


@given(pairs(), pairs())
def test_counts_of_batches_add_up(first, second):
    together = [np.concatenate(both) for both in zip(first, second, strict=True)]
    apart = metrics.confusion_matrix(*first, CLASSES) + metrics.confusion_matrix(*second, CLASSES)
    assert np.array_equal(metrics.confusion_matrix(*together, CLASSES), apart)


def test_a_perfect_mask_at_confidence_099_scores_one():
    truth = np.random.default_rng(0).integers(0, 3, (2, 8, 8))
    probabilities = np.full((2, 8, 8, 3), 0.005)
    np.put_along_axis(probabilities, truth[..., np.newaxis], 0.99, axis=-1)
    confusion = metrics.confusion_matrix(truth, probabilities.argmax(-1), 3)
    assert metrics.mean_iou(confusion) == 1


def test_an_answer_of_background_alone_has_a_low_mean_iou():
    truth = np.repeat([0, 1, 2], [20, 70, 10])  # object, background, border: as in the Oxford pets
    confusion = metrics.confusion_matrix(truth, np.ones_like(truth), 3)
    assert metrics.pixel_accuracy(confusion) == pytest.approx(0.7)
    assert metrics.mean_iou(confusion) == pytest.approx(0.7 / 3)
    assert metrics.intersection_over_union(confusion).tolist() == [0, pytest.approx(0.7), 0]


def test_absent_classes_are_left_out_of_means():
    confusion = metrics.confusion_matrix(np.array([0, 0, 1]), np.array([0, 0, 1]), 5)
    assert np.isnan(metrics.intersection_over_union(confusion)[2:]).all()
    assert metrics.mean_iou(confusion) == 1
    assert np.isnan(metrics.mean_iou(np.zeros((3, 3), np.int64)))
    assert np.isnan(metrics.pixel_accuracy(np.zeros((3, 3), np.int64)))


@pytest.mark.parametrize(
    ("truth", "prediction", "says"),
    [
        ([0, 1], [0], "shape"),
        ([0, 3], [0, 0], "truth has class index 3, outside 0..2"),
        ([0, 0], [0, 9], "prediction has class index 9"),
    ],
)
def test_wrong_indices_are_refused(truth, prediction, says):
    with pytest.raises(ValueError, match=says):
        metrics.confusion_matrix(np.array(truth), np.array(prediction), 3)


def test_what_tensorflow_counts_is_what_numpy_counts():
    random = np.random.default_rng(1)
    truth = random.integers(0, 3, (6, 8, 8), dtype=np.uint8)
    scores = random.normal(size=(6, 8, 8, 3)).astype(np.float32)
    parts = [confusion_matrix(truth[i : i + 4], tf.constant(scores[i : i + 4])).numpy() for i in (0, 4)]
    np.testing.assert_array_equal(sum(parts), metrics.confusion_matrix(truth, scores.argmax(-1), 3))


def test_the_summary_of_a_hand_made_case():
    confusion = np.array([[1, 1, 0], [0, 1, 0], [0, 1, 0]])
    assert metrics.summary(confusion, ("object", "background", "border")) == {
        "mean_iou": pytest.approx((1 / 2 + 1 / 3) / 3),
        "f1": pytest.approx((2 / 3 + 1 / 2) / 3),
        "pixel_accuracy": 0.5,
        "iou_object": 0.5,
        "iou_background": pytest.approx(1 / 3),
        "iou_border": 0.0,
    }


def test_the_summary_leaves_out_a_class_that_does_not_occur():
    scores = metrics.summary(np.array([[3, 0, 0], [0, 5, 0], [0, 0, 0]]), ("a", "b", "c"))
    assert scores["mean_iou"] == 1.0
    assert "iou_c" not in scores
