"""Confusion matrices and their metrics: against scikit-learn, by invariants, where a class is absent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk

from pylib.evaluation import confusion

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
    counts = confusion.confusion_matrix(truth, prediction, CLASSES)
    assert np.array_equal(counts, sk.confusion_matrix(truth, prediction, labels=everything))
    occurs = np.isin(everything, np.union1d(truth, prediction))
    for ours, theirs in (
        (confusion.intersection_over_union, sk.jaccard_score),
        (confusion.f1, sk.f1_score),
        (confusion.precision, sk.precision_score),
        (confusion.recall, sk.recall_score),
    ):
        scores = ours(counts)
        expected = theirs(truth, prediction, labels=everything, average=None, zero_division=0)
        assert np.allclose(scores[occurs], expected[occurs])
        assert np.isnan(scores[~occurs]).all()
    assert confusion.accuracy(counts) == pytest.approx(sk.accuracy_score(truth, prediction))


@given(pairs())
def test_bounds_and_order(pair):
    counts = confusion.confusion_matrix(*pair, CLASSES)
    iou, f1 = confusion.intersection_over_union(counts), confusion.f1(counts)
    occurs = ~np.isnan(iou)
    assert ((iou[occurs] >= 0) & (iou[occurs] <= f1[occurs]) & (f1[occurs] <= 1)).all()
    assert np.allclose(f1[occurs], 2 * iou[occurs] / (1 + iou[occurs]))  # Dice and Jaccard say the same


@given(labels)
def test_the_truth_scores_one(truth):
    counts = confusion.confusion_matrix(truth, truth, CLASSES)
    assert confusion.mean_iou(counts) == confusion.accuracy(counts) == 1


@given(pairs(), st.permutations(range(CLASSES)))
def test_class_order_does_not_matter(pair, order):
    truth, prediction = pair
    before = confusion.mean_iou(confusion.confusion_matrix(truth, prediction, CLASSES))
    table = np.array(order)
    after = confusion.mean_iou(confusion.confusion_matrix(table[truth], table[prediction], CLASSES))
    assert before == pytest.approx(after)


@given(pairs(), pairs())
def test_counts_of_batches_add_up(first, second):
    together = [np.concatenate(both) for both in zip(first, second, strict=True)]
    apart = confusion.confusion_matrix(*first, CLASSES) + confusion.confusion_matrix(*second, CLASSES)
    assert np.array_equal(confusion.confusion_matrix(*together, CLASSES), apart)


def test_a_perfect_mask_at_confidence_099_scores_one():
    truth = np.random.default_rng(0).integers(0, 3, (2, 8, 8))
    probabilities = np.full((2, 8, 8, 3), 0.005)
    np.put_along_axis(probabilities, truth[..., np.newaxis], 0.99, axis=-1)
    counts = confusion.confusion_matrix(truth, probabilities.argmax(-1), 3)
    assert confusion.mean_iou(counts) == 1


def test_an_answer_of_background_alone_has_a_low_mean_iou():
    truth = np.repeat([0, 1, 2], [20, 70, 10])  # object, background, border: as in the Oxford pets
    counts = confusion.confusion_matrix(truth, np.ones_like(truth), 3)
    assert confusion.accuracy(counts) == pytest.approx(0.7)
    assert confusion.mean_iou(counts) == pytest.approx(0.7 / 3)
    assert confusion.intersection_over_union(counts).tolist() == [0, pytest.approx(0.7), 0]


def test_absent_classes_are_left_out_of_means():
    counts = confusion.confusion_matrix(np.array([0, 0, 1]), np.array([0, 0, 1]), 5)
    assert np.isnan(confusion.intersection_over_union(counts)[2:]).all()
    assert confusion.mean_iou(counts) == 1
    assert np.isnan(confusion.mean_iou(np.zeros((3, 3), np.int64)))
    assert np.isnan(confusion.accuracy(np.zeros((3, 3), np.int64)))


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
        confusion.confusion_matrix(np.array(truth), np.array(prediction), 3)
