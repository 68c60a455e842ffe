"""The figures of an image, beside their definitions in floating point."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.data.image_statistics import COORDINATES, statistics


def images(side: int, seed: int) -> np.ndarray:
    """Squares of colours, so that means over blocks differ, with noise on them."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(0, 256, (8, 8, 3)).repeat(side // 8, axis=0).repeat(side // 8, axis=1)
    return np.clip(coarse + draw.normal(0, 20, coarse.shape), 0, 255).astype(np.uint8)


def projection(seen: np.ndarray) -> np.ndarray:
    """Means over 8 x 8 squares of 4 x 4 pixels, centred and scaled, on unit vectors of equal signs."""
    squares = seen.astype(np.float64).reshape(8, 4, 8, 4, 3).mean(axis=(1, 3)).ravel()
    bits = hashlib.shake_128(b"pylib.data.image_statistics").digest(squares.size * COORDINATES // 8)
    signs = 2.0 * np.unpackbits(np.frombuffer(bits, np.uint8)).reshape(squares.size, COORDINATES) - 1
    return (squares - seen.mean()) / (seen.std() + 1) @ signs / np.sqrt(squares.size)


@given(seed=st.integers(0, 2**32))
def test_they_are_what_they_are_defined_to_be(seed: int) -> None:
    seen = images(32, seed)
    found = statistics(seen)
    assert found.brightness == pytest.approx(seen.mean(), abs=1e-3)
    assert found.contrast == pytest.approx(seen.std(), abs=1e-3)
    assert found.projection == pytest.approx(projection(seen), abs=1e-3)


@given(side=st.sampled_from([64, 96, 160]), seed=st.integers(0, 2**32))
def test_of_a_larger_image_every_so_many_pixels_are_seen(side: int, seed: int) -> None:
    image, step = images(side, seed), side // 32
    first = (side - step * 32) // 2
    assert statistics(image) == statistics(image[first::step, first::step][:32, :32])


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 300, 3), (31, 31, 3)])
def test_a_plain_image_has_its_colour_and_no_more(shape: tuple[int, ...]) -> None:
    assert statistics(np.full(shape, 77, np.uint8)) == (77.0, 0.0, (0.0,) * COORDINATES)
