"""What a record of a shard holds: an image and the class index of each of its pixels."""

import statistics
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pylib.data.dataset import DatasetIndex, Item, MaskTarget, read_verified
from pylib.data.images import decode_image, decode_mask, resize_image, resize_mask
from pylib.data.shards import ArraySpec, check_side
from pylib.errors import ConfigurationError, DataError
from pylib.tasks.segmentation.ignored import IGNORED


def arrays(index: DatasetIndex, image_size: int) -> tuple[ArraySpec, ArraySpec]:
    """Inputs uint8 [S,S,3], RGB; targets uint8 [S,S], class indices 0…C-1, and IGNORED.

    Raises DataError for a class that no mask can hold.
    """
    if wrong := [class_id for class_id in index.classes if class_id > np.iinfo(np.uint8).max]:
        raise DataError(f"class {wrong[0]}: ids of masks are whole numbers from 0 to 255")
    return (
        ArraySpec(dtype="uint8", shape=(image_size, image_size, 3)),
        ArraySpec(dtype="uint8", shape=(image_size, image_size), ignored=IGNORED if index.ignored else None),
    )


def read(
    dataset: Path, item: Item, index: DatasetIndex, image_size: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Decode an image and its mask; squeeze the one bilinear, the other by nearest neighbour.

    Raises DataError where a file is damaged, is not what its digest says, or holds an id that is no class.
    """
    if not isinstance(item.target, MaskTarget):
        raise DataError(f"its target is a {item.target.kind}, not a mask; ingest the data set again")
    pixels = item.width * item.height  # ingest took it, whatever its limit was
    data = read_verified(dataset / item.image, item.image_sha256)
    image = decode_image(data, max_pixels=pixels, sample_bits=index.sample_bits)
    mask = decode_mask(read_verified(dataset / item.target.file, item.target.sha256), max_pixels=pixels)
    indices = class_lookup(index.classes, index.ignored)[resize_mask(mask, (image_size, image_size))]
    if indices.min() < 0:
        raise DataError("its mask has an id that is no class; ingest the data set again")
    return resize_image(image, image_size), indices.astype(np.uint8)


def check_image_size(image_size: int) -> None:
    """Raise ConfigurationError for a side, in pixels, that the U-Net cannot take; 0: the images' own."""
    check_side(image_size)
    if image_size % 32 or image_size < 0:
        raise ConfigurationError(
            f"image_size={image_size}: the U-Net halves it five times; give a multiple of 32"
        )


def natural_size(index: DatasetIndex, *, largest: int = 160) -> int:
    """The side to train at where none is asked for: the images' own, in steps of 32 pixels."""
    side = statistics.median(min(item.width, item.height) for item in index.items)
    return max(32, min(int(side) // 32 * 32, largest))


def class_lookup(classes: dict[int, str], ignored: Iterable[int] = ()) -> NDArray[np.int16]:
    """Table int16 [256] from class id to class index (position among the sorted ids), -1 for other ids.

    Those that are `ignored` get IGNORED.
    """
    lookup = np.full(256, -1, np.int16)
    lookup[list(ignored)] = IGNORED
    for position, class_id in enumerate(sorted(classes)):
        lookup[class_id] = position
    return lookup
