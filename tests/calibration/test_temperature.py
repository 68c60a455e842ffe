"""Temperature: what it promises, of any answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.calibration.temperature import HIGHEST, LOWEST, fit_temperature
from tests.calibration.made import answers, probabilities


@pytest.mark.parametrize("sharp", [0.2, 1.0, 5.0])
def test_the_temperature_is_what_logits_are_too_sharp_by(sharp: float) -> None:
    found = fit_temperature(*answers(4000, 4, seed=0, sharp=sharp))
    assert found.temperature == pytest.approx(sharp, rel=0.1)


@given(st.integers(1, 40), st.integers(2, 6), st.integers(0, 99), st.floats(0.01, 100))
def test_of_any_answers_it_is_within_bounds_and_changes_none(
    count: int, classes: int, seed: int, sharp: float
) -> None:
    logits, targets = answers(count, classes, seed, sharp)
    found = fit_temperature(logits, targets)
    assert LOWEST <= found.temperature <= HIGHEST
    assert found == fit_temperature(logits, targets)
    made = probabilities(logits, found.temperature)
    assert (made.argmax(axis=1) == logits.argmax(axis=1)).all()
    np.testing.assert_allclose(made.sum(axis=1), 1)


def test_a_few_answers_that_are_all_right_are_not_beyond_doubt() -> None:
    logits = np.array([[3.0, 0.0], [0.0, 2.0], [4.0, 0.0]], np.float32)
    found = fit_temperature(logits, np.array([0, 1, 0]))
    assert found.temperature > LOWEST * 1.1
    assert probabilities(logits, found.temperature).max() < 0.95
