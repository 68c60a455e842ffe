"""Small pictures of images and masks for a page, made anew of their pixels, so that no file is handed on."""

import io

import numpy as np
from PIL import Image

from pylib.data.dataset import DatasetIndex, Item, MaskTarget
from pylib.data.images import decode_image, decode_mask, encode_png
from pylib.palette import class_rgb
from pylib.store.protocol import AnyCommit, Store

SIDE = 160
_OPACITY = 0.5
_KNOWN = 256  # values of a byte


def thumbnail(data: bytes, side: int = SIDE, sample_bits: int | None = None) -> bytes:
    """A JPEG of an image file, its longer side at most `side` pixels; raises DataError."""
    image = Image.fromarray(decode_image(data, sample_bits=sample_bits))
    image.thumbnail((side, side))
    return _jpeg(image)


def coloured(mask: bytes, places: dict[int, int] | None = None, ground: int | None = None) -> bytes:
    """A PNG, [H,W,4], of a mask's values in the colours of classes; what is of no class is clear.

    places: the class index by value; None: a value is its index
    ground: a class index that is left clear, None for none
    Raises DataError.
    """
    values = decode_mask(mask)
    table = np.zeros((_KNOWN, 4), np.uint8)
    for value, place in (places or {value: value for value in range(_KNOWN - 1)}).items():
        table[value] = (*class_rgb(place), 0 if place == ground else 255)
    return encode_png(table[values])


def item_thumbnail(
    store: Store, commit: AnyCommit, item: Item, index: DatasetIndex, side: int = SIDE
) -> bytes:
    """A JPEG of an item, under its mask where it has one; raises StoreError and DataError."""
    small = thumbnail(store.read(commit, item.image), side, index.sample_bits)
    if not isinstance(item.target, MaskTarget):
        return small
    places = {number: place for place, number in enumerate(sorted(index.classes))}
    image = Image.open(io.BytesIO(small)).convert("RGB")
    painted = Image.open(io.BytesIO(coloured(store.read(commit, item.target.file), places)))
    veil = painted.resize(image.size, Image.Resampling.NEAREST)
    clear = veil.getchannel("A").point(lambda alpha: int(alpha * _OPACITY))
    image.paste(veil.convert("RGB"), mask=clear)
    return _jpeg(image)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
