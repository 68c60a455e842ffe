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


def _signs() -> NDArray[np.int32]:
    """[squares, COORDINATES] of ±1: bits of a hash, which are the same everywhere."""
    squares = (_SIDE // _BLOCK) ** 2 * 3
    bits = hashlib.shake_128(b"pylib.data.image_statistics").digest(squares * COORDINATES // 8)
    return 2 * np.unpackbits(np.frombuffer(bits, np.uint8)).reshape(squares, -1).astype(np.int32) - 1


_SIGNS = _signs()
_ALL = _SIGNS.sum(axis=0).tolist()
_LENGTH = math.sqrt(len(_SIGNS))  # of a direction


def statistics(pixels: NDArray[np.uint8]) -> ImageStatistics:
    """Figures of uint8 [S,S,3], of 32 x 32 of its pixels.

    The projection is of means over 8 x 8 squares, without brightness and contrast, on random directions of
    ±1: Achlioptas, Database-friendly random projections, JCSS 66 (2003). It tells other scenes and colours,
    as an embedding would, at a hundredth of the cost.
    """
    # Whole numbers: exact on every processor, and no work for the threads of a BLAS, which would wait for the
    # next one by turning on the spot: at 96 pixels they took as much of a server's time as the model.
    seen, count = _sampled(pixels), _SIDE // _BLOCK
    rows = seen.reshape(count, _BLOCK, -1).sum(axis=1, dtype=np.int32)
    sums = rows.reshape(count, count, _BLOCK, 3).sum(axis=2, dtype=np.int32).ravel()
    samples = seen.ravel().astype(np.int32)
    brightness = int(sums.sum()) / seen.size
    contrast = math.sqrt(max(0.0, int(samples @ samples) / seen.size - brightness**2))
    scale = 1 / (_LENGTH * (contrast + 1))  # a plain image has no contrast
    projected = (sums @ _SIGNS).tolist()
    coordinates = (
        round((x / _BLOCK**2 - brightness * y) * scale, 4) for x, y in zip(projected, _ALL, strict=True)
    )
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
