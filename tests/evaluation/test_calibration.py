"""Calibration: against its definition, and over batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pylib.evaluation import calibration


def test_a_perfect_answer_at_confidence_099_is_off_by_001():
    truth = np.random.default_rng(0).integers(0, 3, (2, 8, 8))
    probabilities = np.full((2, 8, 8, 3), 0.005)
    np.put_along_axis(probabilities, truth[..., np.newaxis], 0.99, axis=-1)
    bins = calibration.reliability(probabilities, truth)
    assert calibration.expected_calibration_error(bins) == pytest.approx(0.01)


@st.composite
def answers(draw):
    size = draw(st.integers(1, 80))
    raw = draw(hnp.arrays(np.float64, (size, 3), elements=st.floats(0.01, 1)))
    truth = draw(hnp.arrays(np.uint8, size, elements=st.integers(0, 2)))
    return raw / raw.sum(axis=-1, keepdims=True), truth


@given(answers())
def test_calibration_error_is_that_of_the_definition(answer):
    probabilities, truth = answer
    confidence, correct = probabilities.max(-1), probabilities.argmax(-1) == truth
    expected = 0.0
    for lower in np.arange(calibration.BINS) / calibration.BINS:
        inside = (np.ceil(confidence * calibration.BINS) - 1).astype(int) == round(lower * calibration.BINS)
        if inside.any():
            expected += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    found = calibration.expected_calibration_error(calibration.reliability(probabilities, truth))
    assert found == pytest.approx(expected)
    assert 0 <= found <= 1


@given(answers(), answers())
def test_bins_of_batches_merge(first, second):
    merged = calibration.reliability(*first).merge(calibration.reliability(*second))
    together = [np.concatenate(both) for both in zip(first, second, strict=True)]
    for mine, whole in zip(merged, calibration.reliability(*together), strict=True):
        assert np.allclose(mine, whole)


def test_confidence_on_an_edge_belongs_to_the_lower_bin():
    bins = calibration.reliability(np.array([[1 / 3, 2 / 3], [0.0, 1.0]]), np.array([1, 1]), bins=3)
    assert bins.counts.tolist() == [0, 1, 1]
