"""The image that a request carries, whichever protocol brought it: from a file's bytes or from numbers."""

import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.data.images import decode_image, image_depth, largest_sample
from pylib.errors import DataError, RequestError

_JPEG = b"\xff\xd8\xff"  # which has 8 bits a sample
_BYTE, _CAMERA = 8, 12
"""Bits: what a model learns from unless it says so, and what many cameras write into a file of 16."""


class Image(NamedTuple):
    """What a request carried: `pixels`, uint8 [H,W,3] RGB in 0..255, and the SHA-256 of the bytes received.

    For pixels sent as numbers, the SHA-256 is that of the uint8 pixels in C order, and `data`, which is the
    bytes received, is empty.
    """

    pixels: NDArray[np.uint8]
    sha256: str
    data: bytes = b""


def from_file(data: bytes, sample_bits: int | None = None) -> Image:
    """Decode the content of an image file; raises RequestError.

    It is turned upright by its EXIF orientation, as every image that a model is trained on; `sample_bits`
    are in use where it has more than 8 a sample, as in what the model learned from. A model of 8 bits is
    asked with all 16; a camera's 10 or 12 would be an almost black image to it, and are refused.
    """
    try:
        pixels = decode_image(data, sample_bits=sample_bits)
        if sample_bits is None and not data.startswith(_JPEG) and image_depth(data) > _BYTE:
            _check_bright(largest_sample(data))
    except DataError as error:
        raise RequestError(str(error)) from error
    return Image(pixels, hashlib.sha256(data).hexdigest(), data)


def _check_bright(largest: int) -> None:
    if 0 < largest < 1 << _CAMERA:
        divisor = 1 << max(0, largest.bit_length() - _BYTE)
        raise RequestError(
            f"values up to {largest:,} in a file of 16 bits are almost black to this model, which learned "
            f"from 8: send 8 bits{f', the values divided by {divisor}' if divisor > 1 else ''}"
        )


def from_lists(value: object, what: str) -> NDArray[np.float64]:
    """Make an array of JSON's nested lists of numbers; raises RequestError that names `what` they are.

    Never of texts, of which NumPy gives each as much room as the longest needs.
    """
    first = value
    while isinstance(first, list) and first:
        first = first[0]
    if not isinstance(first, list | int | float) or isinstance(first, bool):
        raise RequestError(f"{what} holds no numbers: send pixels of shape [H,W,3], numbers in 0…255")
    try:
        return np.array(value, np.float64)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        sentence = (
            f"{what} is ragged, or not all numbers: every row needs as many pixels, every pixel 3 numbers"
        )
        raise RequestError(sentence) from error


def from_numbers(array: NDArray[Any]) -> Image:
    """Take a decoded image of shape [H,W,3] or [1,H,W,3], numbers in 0..255, whole or not (they are rounded).

    Raises RequestError, also for fractions within [0,1]: they would be an almost black image.
    """
    if array.ndim == 4 and array.shape[0] == 1:  # noqa: PLR2004
        array = array[0]
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:  # noqa: PLR2004
        raise RequestError(f"pixels of shape {list(array.shape)}: send one RGB image as [H,W,3] or [1,H,W,3]")
    if array.dtype.kind not in "iuf":
        raise RequestError("pixels must be numbers in 0…255")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 255):  # noqa: PLR2004  (NaN fails too)
        raise RequestError(f"pixels must lie in 0…255, found {low:g}…{high:g}")
    if high <= 1 and np.any(array != np.rint(array)):
        raise RequestError(
            "pixels are fractions within [0, 1]: multiply by 255, the model normalises by itself"
        )
    pixels = np.ascontiguousarray(np.rint(array).astype(np.uint8))
    return Image(pixels, hashlib.sha256(pixels.tobytes()).hexdigest())
