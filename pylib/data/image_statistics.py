"""Figures of an image as a model is shown it: cheap, and the same of training data and of requests."""

import hashlib
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

COORDINATES = 4
"""Of the projection."""
_SIDE, _BLOCK = 32, 4


class ImageStatistics(NamedTuple):
    """brightness, contrast: mean and deviation of the samples, 0..255; projection: COORDINATES numbers."""

    brightness: float
    contrast: float
    projection: tuple[float, ...]


def _weights() -> NDArray[np.float32]:
    """[samples, COORDINATES + 1]: the mean, then directions of ±1 over the means of squares, of length one.

    The signs are the same everywhere: bits of a hash, not of a generator of random numbers.
    """
    squares = (_SIDE // _BLOCK) ** 2 * 3
    bits = hashlib.shake_128(b"pylib.data.image_statistics").digest(squares * COORDINATES // 8)
    signs = (
        2.0 * np.unpackbits(np.frombuffer(bits, np.uint8)).reshape(_SIDE // _BLOCK, _SIDE // _BLOCK, 3, -1)
        - 1
    )
    of_samples = signs.repeat(_BLOCK, axis=0).repeat(_BLOCK, axis=1) / (_BLOCK**2 * np.sqrt(squares))
    mean = np.full((_SIDE**2 * 3, 1), 1 / (_SIDE**2 * 3))
    return np.hstack([mean, of_samples.reshape(-1, COORDINATES)]).astype(np.float32)


_WEIGHTS = _weights()
_ALL = _WEIGHTS[:, 1:].sum(axis=0).tolist()


def statistics(pixels: NDArray[np.uint8]) -> ImageStatistics:
    """Figures of uint8 [S,S,3], of 32 x 32 of its pixels.

    The projection is of means over 8 x 8 squares, without brightness and contrast, on random directions of
    ±1: Achlioptas, Database-friendly random projections, JCSS 66 (2003). It tells other scenes and colours,
    as an embedding would, at a hundredth of the cost.
    """
    seen = _sampled(pixels).astype(np.float32).ravel()
    brightness, *projected = (seen @ _WEIGHTS).tolist()
    contrast = math.sqrt(max(0.0, float(seen @ seen) / seen.size - brightness**2))
    scale = 1 / (contrast + 1)  # a plain image has no contrast
    coordinates = (round((x - brightness * y) * scale, 4) for x, y in zip(projected, _ALL, strict=True))
    return ImageStatistics(round(brightness, 3), round(contrast, 3), tuple(coordinates))


def _sampled(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[_SIDE, _SIDE, 3], evenly of the image, which may be smaller."""
    side = pixels.shape[0]
    if side < _SIDE or side != pixels.shape[1]:
        rows, columns = (np.linspace(0, each - 1, _SIDE).astype(np.intp) for each in pixels.shape[:2])
        return pixels[rows[:, np.newaxis], columns]
    step = side // _SIDE
    part = slice((side - step * _SIDE) // 2, (side - step * _SIDE) // 2 + step * _SIDE, step)
    return pixels[part, part]
