"""The values of an image file at the depth that it has, where Pillow itself keeps eight bits of each.

Imports only numpy, Pillow and pylib.errors, because the small serving environment uses it too.
"""

import io
import re
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pylib.errors import DataError

BYTE, WORD = 8, 16
"""Bits."""

Turn = Callable[[Image.Image], Image.Image]
_PHOTOMETRIC = 262  # TIFF 6.0, section 4: 0 is WhiteIsZero
_PLANE = 2  # dimensions of an array of one channel
_WIDE = {"I;16", "I;16B", "I;16L", "I;16N", "I"}  # modes that keep all bits
_RAW = re.compile(r"[A-Za-z]+;(\d+)[A-Z]*")


def bits_of(image: Image.Image) -> int:
    """Bits a sample in an opened file of which nothing is loaded yet: 1, 2, 4, 8, 12, 16 or 32."""
    if image.mode == "1":
        return 1
    raw = _raw_mode(image)
    found = _RAW.fullmatch(raw)
    return BYTE if found is None or raw.startswith("BGR") else int(found[1])  # BGR;15 has 5 for each colour


def white_is_zero(image: Image.Image) -> bool:
    """Whether a TIFF's grey values count darkness; Pillow turns those of up to 8 bits over by itself."""
    return bool(getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0)


def wide_samples(image: Image.Image, data: bytes, turn: Turn = lambda image: image) -> NDArray[np.int32]:
    """All bits of an opened file's values, where they are more than 8: int32 [H, W] or [H, W, C].

    `turn` is applied to the picture. Raises DataError for floats and for what is stored in a way that is not
    read here, and what Pillow does on damaged files.
    """
    if image.mode == "F":
        raise DataError("floating-point pixels have no agreed range: save it with 8 or 16 bits")
    if image.mode in _WIDE:
        return np.asarray(turn(image)).astype(np.int32)
    raw = _raw_mode(image)
    if raw == "LA;16B":  # of which Pillow makes eight bits; read as four bytes, they are all there
        parts = _loaded(image, data, "RGBA", turn)
        return parts[..., ::2] << BYTE | parts[..., 1::2]
    if not raw.endswith((";16B", ";16L", ";16N")):
        raise DataError(f"its way to store more than 8 bits ({raw}) is not read here: save it as PNG")
    big = raw.endswith("B") or (raw.endswith("N") and sys.byteorder == "big")
    # Pillow keeps the high byte of each value; told the other byte order, it takes the low one for it.
    high, low = (_loaded(image, data, raw[:-1] + order, turn) for order in ("BL" if big else "LB"))
    return high << BYTE | low


def largest_sample(image: Image.Image, data: bytes) -> int:
    """The largest value of an opened file with more than 8 bits a sample, but for alpha; see wide_samples."""
    return int(_colours(image, wide_samples(image, data)).max())


def eight_bits(image: Image.Image, data: bytes, sample_bits: int, turn: Turn) -> Image.Image:
    """An opened file with more than 8 bits a sample as a picture of 8: the upper ones of those in use.

    Raises DataError where a value lies above the `sample_bits` that are in use; see wide_samples.
    """
    mode, used = image.mode, min(bits_of(image), sample_bits)
    samples = wide_samples(image, data, turn)
    low, high = int(samples.min()), int(_colours(image, samples).max())
    if low < 0 or high >= 1 << used:
        limit = f"{used} bits (0…{(1 << used) - 1:,})"
        how = "" if low < 0 else f", divide its values by {1 << (high.bit_length() - used)}"
        raise DataError(f"values of {low:,}…{high:,} where {limit} are in use: scale it to those{how}")
    pixels = samples >> (used - BYTE)
    if _has_alpha(image):
        alpha = samples[..., -1]
        pixels[..., -1] = alpha >> (BYTE if alpha.max() >= 1 << used else used - BYTE)
    pixels = 255 - pixels if white_is_zero(image) else pixels
    channels = 1 if samples.ndim == _PLANE else samples.shape[_PLANE]
    mode = {1: "L", 2: "LA"}.get(channels, mode)
    return Image.frombytes(mode, (samples.shape[1], samples.shape[0]), pixels.astype(np.uint8).tobytes())


def _colours(image: Image.Image, samples: NDArray[np.int32]) -> NDArray[np.int32]:
    return samples[..., :-1] if _has_alpha(image) else samples


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in {"LA", "RGBA", "RGBa"}


def _raw_mode(image: Image.Image) -> str:
    """How Pillow is going to unpack, or has unpacked, the file's first tile."""
    tiles = getattr(image, "tile", None)
    raw = tiles[0].args if tiles else image.mode
    raw = raw[0] if isinstance(raw, tuple) and raw else raw
    return raw if isinstance(raw, str) else image.mode


def _loaded(image: Image.Image, data: bytes, raw: str, turn: Turn) -> NDArray[np.int32]:
    again: Image.Image = Image.open(io.BytesIO(data), formats=[str(image.format)])
    tiles = again.tile  # type: ignore[attr-defined]
    again.tile = [  # type: ignore[attr-defined]
        tile._replace(args=raw if isinstance(tile.args, str) else (raw, *tile.args[1:])) for tile in tiles
    ]
    return np.asarray(turn(again)).astype(np.int32)
