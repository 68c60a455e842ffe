"""Mask files as people's tools write them: the values of their pixels, and what a viewer shows for each.

What class a value means is not to be seen in one file: see meaning.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pylib.data.colours import Colour
from pylib.data.images import page_count, read_mask
from pylib.data.samples import BYTE, WORD, bits_of, white_is_zero, wide_samples
from pylib.errors import DataError

Storage = Literal["grey", "palette", "colour"]
MAX_VALUES = 4096  # classes, and what smoothed edges put between them; above, it is a photograph
_TABLE = 1 << 24  # values below this are looked up in a table, others searched for
_PLANE = 2  # dimensions of an array of one channel
_GREY, _WITH_ALPHA = {"1", "L", "I", "F", "I;16", "I;16B", "I;16L", "LA"}, {"LA", "RGBA", "RGBa"}


@dataclass(frozen=True)
class Value:
    """One value of a file: as stored (one number, or one a channel), and the colour that a viewer shows.

    Of values with more than 8 bits, `seen` is None where they are no multiple of a value of 8 bits.
    """

    own: tuple[int, ...]
    seen: Colour | None


@dataclass(frozen=True)
class MaskPixels:
    """A decoded file: a code for each pixel, int [H, W], and what a code stands for."""

    storage: Storage
    bits: int
    codes: NDArray[Any]
    value: Callable[[int], Value]
    palette: tuple[Colour, ...] = ()

    @property
    def summary(self) -> "MaskValues":
        """What there is in it; raises DataError where it is far too much for classes."""
        codes = _distinct(self.codes)
        if len(codes) > MAX_VALUES:
            raise DataError(
                f"mask is a picture of {len(codes):,} colours, not classes: save class ids as PNG"
            )
        return MaskValues(self.storage, self.bits, {code: self.value(code) for code in codes}, self.palette)


@dataclass(frozen=True)
class MaskValues:
    """The values that occur in a file, by code; `palette` is all of it, used or not."""

    storage: Storage
    bits: int
    values: Mapping[int, Value] = field(default_factory=dict)
    palette: tuple[Colour, ...] = ()


def read_pixels(data: bytes, *, max_pixels: int | None = None) -> MaskPixels:
    """Decode a mask file; raises DataError where it is damaged, lossy, too large, or cannot hold classes."""
    return read_mask(data, lambda image: _pixels(image, data), max_pixels=max_pixels)


def class_ids(pixels: MaskPixels, ids: Mapping[int, int]) -> NDArray[np.int16]:
    """The class id of each pixel, int16 [H, W], by its code; -1 where `ids` has none."""
    if not ids:
        return np.full(pixels.codes.shape, -1, np.int16)
    keys = np.array(sorted(ids))
    found = np.array([ids[key] for key in keys.tolist()], np.int16)
    if (largest := max(int(pixels.codes.max()), int(keys[-1]))) < _TABLE:
        table = np.full(largest + 1, -1, np.int16)
        table[keys] = found
    else:
        place = np.searchsorted(keys, pixels.codes).clip(0, len(keys) - 1)
        return np.where(keys[place] == pixels.codes, found[place], -1).astype(np.int16)
    ids_of: NDArray[np.int16] = table[pixels.codes]
    return ids_of


def _distinct(codes: NDArray[Any]) -> list[int]:
    if int(codes.max()) >= _TABLE:
        return [int(code) for code in np.unique(codes)]
    there = np.zeros(int(codes.max()) + 1, bool)
    there[codes] = True
    return [int(code) for code in np.flatnonzero(there)]


def _pixels(image: Image.Image, data: bytes) -> MaskPixels:
    if (pages := page_count(data)) > 1:
        raise DataError(
            f"mask has {pages} pages or frames, and one can be read: save all classes in one, as PNG"
        )
    bits, inverted = bits_of(image), white_is_zero(image)
    if image.mode in {"P", "PA"}:
        return _indexed(image, bits)
    if image.mode not in _GREY | {"RGB", "RGBX", "RGBA", "RGBa"}:
        raise DataError(f"mask is in {image.mode}, which no editor keeps as it is: save class ids as PNG")
    mode = image.mode
    array = wide_samples(image, data) if bits > BYTE and mode != "F" else np.asarray(image)
    if mode in _WITH_ALPHA:
        array = _opaque(array)
    if array.ndim == _PLANE:
        return _grey(array, bits, inverted=inverted)
    return _coloured(array[..., :3], bits)


def _indexed(image: Image.Image, bits: int) -> MaskPixels:
    codes = np.asarray(image)
    codes = codes if codes.ndim == _PLANE else codes[..., 0]
    levels = image.getpalette("RGB") or []
    palette = tuple(zip(levels[::3], levels[1::3], levels[2::3], strict=True))
    value = lambda code: Value((code,), palette[code] if code < len(palette) else None)  # noqa: E731
    return MaskPixels("palette", bits, codes, value, palette)


def _grey(array: NDArray[Any], bits: int, *, inverted: bool) -> MaskPixels:
    if array.dtype == bool:
        array = array.astype(np.uint8) * 255
    if bits > BYTE:
        return MaskPixels("grey", bits, _whole(array), lambda code: _wide_grey(code, inverted=inverted))
    most = (1 << bits) - 1

    def value(code: int) -> Value:  # Pillow has scaled it to 0…255, and turned over what counts darkness
        level = 255 - code if inverted and bits > 1 else code
        return Value((level * most // 255,), (code, code, code))

    return MaskPixels("grey", bits, array, value)


def _coloured(array: NDArray[Any], bits: int) -> MaskPixels:
    width = BYTE if bits <= BYTE else WORD
    codes = np.zeros(array.shape[:2], np.int32 if width == BYTE else np.int64)
    for channel in range(3):
        codes = codes << width | array[..., channel].astype(codes.dtype)

    def value(code: int) -> Value:
        most = (1 << width) - 1
        own = code >> 2 * width, code >> width & most, code & most
        return Value(own, own if width == BYTE else _seen(own))

    return MaskPixels("colour", bits, codes, value)


def _wide_grey(code: int, *, inverted: bool) -> Value:
    seen = _seen((code, code, code))
    return Value((code,), tuple(255 - level for level in seen) if seen and inverted else seen)  # type: ignore[arg-type]


def _seen(own: Colour) -> Colour | None:
    """Eight bits of sixteen, where they were made of eight: doubled (257 times), or with zeros below."""
    for step in (257, 256):
        if all(level % step == 0 and level // step < 256 for level in own):  # noqa: PLR2004
            return own[0] // step, own[1] // step, own[2] // step
    return None


def _whole(array: NDArray[Any]) -> NDArray[np.int32]:
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and np.all(array == np.rint(array))):
        raise DataError("mask holds fractions, not class ids: save whole numbers, as PNG of 8 bits")
    if array.min() < 0 or array.max() >= 1 << WORD:
        low, high = f"{array.min():.0f}", f"{array.max():.0f}"
        raise DataError(f"mask holds values of {low}…{high}, outside 0…255: class ids are one byte")
    return array.astype(np.int32)


def _opaque(array: NDArray[Any]) -> NDArray[Any]:
    """The same without alpha. What is wholly transparent must be black below, as editors leave it.

    Where black is opaque too, alpha tells two things apart that would be one class without it.
    """
    alpha, rest = array[..., -1], array[..., :-1]
    most = 255 if array.dtype == np.uint8 else (1 << WORD) - 1
    black, clear = (rest == 0).all(axis=-1), alpha == 0
    if np.any(black & clear) and np.any(black & (alpha == most)):
        raise DataError(
            "mask has opaque and transparent black, told apart by transparency alone: save class ids as PNG, "
            "without transparency"
        )
    if np.any((alpha != most) & ~(clear & black)):
        raise DataError(
            "mask has transparent pixels, whose class cannot be seen: save it without transparency"
        )
    return rest if rest.shape[-1] > 1 else rest[..., 0]
