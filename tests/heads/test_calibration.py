"""Temperature and threshold: what they promise, of any answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.heads.temperature import HIGHEST, LOWEST, fit_temperature, probabilities
from pylib.heads.threshold import find_threshold


def answers(count: int, classes: int, seed: int, sharp: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax, at temperature `sharp`, are the true probabilities of the targets."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(count, classes)) * 2
    chances = probabilities(logits, 1.0)
    targets = np.array([generator.choice(classes, p=row) for row in chances], np.int64)
    return (logits * sharp).astype(np.float32), targets


@pytest.mark.parametrize("sharp", [0.2, 1.0, 5.0])
def test_the_temperature_is_what_logits_are_too_sharp_by(sharp: float) -> None:
    found = fit_temperature(*answers(4000, 4, seed=0, sharp=sharp))
    assert found.value == pytest.approx(sharp, rel=0.1)
    assert found.note == ""


@given(st.integers(1, 40), st.integers(2, 6), st.integers(0, 99), st.floats(0.01, 100))
def test_of_any_answers_it_is_within_bounds_and_changes_none(
    count: int, classes: int, seed: int, sharp: float
) -> None:
    logits, targets = answers(count, classes, seed, sharp)
    found = fit_temperature(logits, targets)
    assert LOWEST <= found.value <= HIGHEST
    assert found == fit_temperature(logits, targets)
    made = probabilities(logits, found.value)
    assert (made.argmax(axis=1) == logits.argmax(axis=1)).all()
    np.testing.assert_allclose(made.sum(axis=1), 1)


def test_a_few_answers_that_are_all_right_are_not_beyond_doubt() -> None:
    logits = np.array([[3.0, 0.0], [0.0, 2.0], [4.0, 0.0]], np.float32)
    found = fit_temperature(logits, np.array([0, 1, 0]))
    assert found.value > LOWEST * 1.1
    assert probabilities(logits, found.value).max() < 0.95


def test_without_calibration_images_it_says_so_and_changes_nothing() -> None:
    found = fit_temperature(np.zeros((0, 3), np.float32), np.zeros(0, np.int64))
    assert found.value == 1.0
    assert "the calibration split has no image" in found.note


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
