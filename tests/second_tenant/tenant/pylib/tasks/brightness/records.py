"""What a record of a shard holds: an image and its number."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pylib.data.dataset import DatasetIndex, Item, ValueTarget, read_verified
from pylib.data.images import decode_image, resize_image
from pylib.data.shards import ArraySpec
from pylib.errors import ConfigurationError, DataError


def arrays(index: DatasetIndex, image_size: int) -> tuple[ArraySpec, ArraySpec]:
    """Inputs uint8 [S,S,3], RGB; targets float32 []."""
    return ArraySpec(dtype="uint8", shape=(image_size, image_size, 3)), ArraySpec(dtype="float32", shape=())


def read(
    dataset: Path, item: Item, index: DatasetIndex, image_size: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Decode an image, squeezed, and its number; raises DataError."""
    if not isinstance(item.target, ValueTarget):
        raise DataError(f"its target is a {item.target.kind}, not a value; ingest the data set again")
    data = read_verified(dataset / item.image, item.image_sha256)
    image = decode_image(data, sample_bits=index.sample_bits)
    return resize_image(image, image_size), np.asarray(item.target.value, np.float32)


def check_image_size(image_size: int) -> None:
    """Any side will do; raises ConfigurationError for a negative one."""
    if image_size < 0:
        raise ConfigurationError(f"image_size={image_size}: give a side in pixels, or 0")


def natural_size(index: DatasetIndex) -> int:
    """A mean needs few pixels."""
    return 16
