"""Parity: what counts as the same model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.evaluation.parity import Agreement, agreement, difference


def _answer(seed: int, shape=(2, 8, 8, 3)) -> np.ndarray:
    raw = np.random.default_rng(seed).random(shape)
    return raw / raw.sum(axis=-1, keepdims=True)


def test_the_same_answer_agrees_fully():
    parity = agreement(_answer(0), _answer(0)).parity()
    assert parity == {"same_class_share": 1, "max_probability_difference": 0}
    assert not difference(parity, "pixels")


def test_one_changed_pixel_is_counted():
    changed = _answer(0)
    changed[0, 0, 0] = np.roll(changed[0, 0, 0], 1)
    parity = agreement(_answer(0), changed).parity()
    assert parity["same_class_share"] == 1 - 1 / 128
    assert parity["max_probability_difference"] > 0.001
    assert "99.2188% of the pixels agree (minimum 99.9%)" in difference(parity, "pixels")


@given(st.integers(0, 9), st.integers(0, 9))
def test_batches_merge(first, second):
    pairs = [(_answer(first), _answer(second)), (_answer(second), _answer(second))]
    merged = agreement(*pairs[0]).merge(agreement(*pairs[1]))
    whole = agreement(*(np.concatenate(side) for side in zip(*pairs, strict=True)))
    assert merged == whole


@pytest.mark.parametrize(
    "broken", [np.full((2, 8, 8, 3), np.nan), _answer(0, (2, 8, 8, 2)), _answer(0, (1, 8, 8, 3))]
)
def test_what_cannot_be_compared_does_not_agree(broken):
    parity = agreement(broken, _answer(0)).parity()
    assert parity["same_class_share"] == 0
    assert parity["max_probability_difference"] == 1


def test_no_image_is_no_proof():
    assert "0.0000% of the pixels" in difference(Agreement().parity(), "pixels")
    assert difference({}, "pixels")
