"""The threshold: what it promises, of any answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.heads.threshold import find_threshold
from tests.calibration.made import answers, probabilities


@given(st.integers(1, 60), st.integers(2, 5), st.integers(0, 99), st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_above_the_threshold_the_share_that_is_right_is_as_asked(
    count: int, classes: int, seed: int, target: float
) -> None:
    logits, targets = answers(count, classes, seed)
    shares = probabilities(logits, 1.0)
    found = find_threshold(shares, targets, target)
    answered = shares.max(axis=1) >= found.value
    right = shares.argmax(axis=1) == targets
    if found.precision is None:
        assert found.value == 1.0
        assert "every answer is unsure" in found.note
        return
    assert right[answered].mean() == pytest.approx(found.precision)
    assert found.precision >= target
    assert answered.mean() == pytest.approx(found.answered)
    lower = [value for value in shares.max(axis=1) if value < found.value]
    wider = [right[shares.max(axis=1) >= value].mean() for value in lower]
    assert all(share < target for share in wider), "no lower threshold would do"


def test_without_a_target_nothing_is_unsure() -> None:
    assert find_threshold(np.array([[0.4, 0.6], [0.9, 0.1]]), np.array([0, 0]), 0) == (0.0, 0.5, 1.0, "")


def test_equals_are_not_parted() -> None:
    shares = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4]])
    assert find_threshold(shares, np.array([0, 1, 0]), 1.0).precision is None
