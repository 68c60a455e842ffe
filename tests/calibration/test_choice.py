"""Which calibration is chosen: the one that says most of images that it was not fitted on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pylib.calibration.choice import FOLDS, Decisions, _held_out, choose
from pylib.calibration.isotonic import fit_isotonic
from pylib.calibration.vector import fit_vector
from pylib.errors import ModelError
from pylib.evaluation.calibration import expected_calibration_error, reliability
from pylib.models.calibration import Isotonic, Temperature, Vector, calibrated
from tests.calibration.made import answers


def decisions(logits: np.ndarray, truths: np.ndarray) -> Decisions:
    return Decisions(logits, truths, np.arange(len(truths)))


def error(probabilities: np.ndarray, truths: np.ndarray) -> float:
    return expected_calibration_error(reliability(probabilities, truths))


def test_what_a_temperature_mends_stays_a_temperature() -> None:
    found = choose(decisions(*answers(600, 4, seed=1, sharp=3.0)))
    assert isinstance(found.calibration, Temperature)
    assert found.calibration.temperature == pytest.approx(3.0, rel=0.2)
    assert [each.method for each in found.tried] == ["temperature", "vector", "isotonic"]
    assert not any(each.better for each in found.tried)


@pytest.mark.parametrize("sure", [1, 5, 50, 500])
def test_separable_answers_keep_a_temperature(sure: float) -> None:
    truths = np.random.default_rng(0).integers(0, 3, 60)
    found = choose(decisions(np.eye(3)[truths] * sure, truths))
    assert isinstance(found.calibration, Temperature)


@pytest.mark.parametrize("images", [3, 60])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_logits_that_are_no_numbers_are_one_line(value: float, images: int) -> None:
    logits, truths = answers(images, 3, seed=2)
    logits[1:3, 0] = value
    with pytest.raises(ModelError, match=rf"^calibration: of {images} decisions .* nan or inf in 2: its"):
        choose(decisions(logits, truths))


def test_classes_that_are_said_too_often_are_mended_by_a_vector() -> None:
    logits, truths = answers(3000, 3, seed=2)
    found = choose(decisions(logits + np.array([2.0, 0.0, -1.0], np.float32), truths))
    assert isinstance(found.calibration, Vector)
    bias = np.array(found.calibration.bias)
    np.testing.assert_allclose(bias - bias[1], [-2, 0, 1], atol=0.3)


def test_a_network_that_is_sure_and_often_wrong_is_mended_by_curves() -> None:
    """A third of the answers are tossed: no scale of logits says so, a curve that ends at 2/3 does."""
    logits, truths = answers(4000, 3, seed=3)
    logits = logits * 6
    generator = np.random.default_rng(0)
    tossed = generator.random(len(truths)) < 0.5
    truths = np.where(tossed, generator.integers(0, 3, len(truths)), truths)
    found = choose(decisions(logits, truths))
    assert isinstance(found.calibration, Isotonic)
    assert error(calibrated(found.calibration, logits), truths) < 0.05


def test_images_are_not_parted_between_folds_and_each_is_left_out_once() -> None:
    images = np.repeat(np.arange(12), 40)
    logits = np.stack([images, 0 * images], axis=1).astype(np.float32)
    fitted: list[set[float]] = []

    def fit(logits: np.ndarray, truths: np.ndarray) -> Temperature:
        fitted.append(set(logits[:, 0]))
        assert len(logits) == 40 * len(fitted[-1])
        return Temperature(temperature=1.0)

    _held_out(Decisions(logits, images % 2, images), np.arange(12), fit)
    left_out = [set(range(12)) - each for each in fitted]
    assert len(left_out) == FOLDS
    assert sorted(image for each in left_out for image in each) == list(range(12))


def test_of_few_images_it_is_a_temperature_and_of_none_nothing() -> None:
    few, none = (
        choose(decisions(*answers(4, 3, seed=5))),
        choose(decisions(np.zeros((0, 3)), np.zeros(0, int))),
    )
    assert isinstance(few.calibration, Temperature)
    assert "too few to compare" in few.note
    assert none.calibration == Temperature(temperature=1.0)
    assert "the calibration split has no image" in none.note


@settings(max_examples=25, deadline=None)
@given(st.integers(5, 60), st.integers(2, 5), st.integers(0, 99), st.floats(0.1, 20))
def test_of_any_answers_the_result_is_probabilities_and_the_same_again(
    count: int, classes: int, seed: int, sharp: float
) -> None:
    logits, truths = answers(count, classes, seed, sharp)
    for fit in (fit_vector, fit_isotonic):
        found = fit(logits, truths)
        assert found == fit(logits, truths)
        said = calibrated(found, logits)
        assert (said > 0).all()
        np.testing.assert_allclose(said.sum(axis=1), 1)


@settings(max_examples=25, deadline=None)
@given(st.integers(10, 200), st.integers(2, 4), st.integers(0, 99))
def test_a_class_never_loses_by_being_said_more_surely(count: int, classes: int, seed: int) -> None:
    for curve in fit_isotonic(*answers(count, classes, seed)).curves:
        assert list(curve.y) == sorted(curve.y)
        assert all(right > left for left, right in zip(curve.x, curve.x[1:], strict=False))
