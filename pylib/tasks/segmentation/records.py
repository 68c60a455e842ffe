"""What a record of a shard holds: an image and the class index of each of its pixels."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pylib.data.classes import class_lookup
from pylib.data.dataset import DatasetIndex, Item, MaskTarget, read_verified
from pylib.data.images import decode_image, decode_mask, resize_image, resize_mask
from pylib.data.shards import ArraySpec
from pylib.errors import DataError


def arrays(_index: DatasetIndex, image_size: int) -> tuple[ArraySpec, ArraySpec]:
    """Inputs uint8 [S,S,3], RGB; targets uint8 [S,S], class indices 0…C-1."""
    return (
        ArraySpec(dtype="uint8", shape=(image_size, image_size, 3)),
        ArraySpec(dtype="uint8", shape=(image_size, image_size)),
    )


def read(
    dataset: Path, item: Item, index: DatasetIndex, image_size: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Decode an image and its mask; squeeze the one bilinear, the other by nearest neighbour.

    Raises DataError where a file is damaged, is not what its digest says, or holds an id that is no class.
    """
    if not isinstance(item.target, MaskTarget):
        raise DataError(f"its target is a {item.target.kind}, not a mask; ingest the data set again")
    image = decode_image(read_verified(dataset / item.image, item.image_sha256))
    mask = decode_mask(read_verified(dataset / item.target.file, item.target.sha256))
    indices = class_lookup(index.classes)[resize_mask(mask, (image_size, image_size))]
    if indices.min() < 0:
        raise DataError("its mask has an id that is no class; ingest the data set again")
    return resize_image(image, image_size), indices.astype(np.uint8)
