"""What a record of a shard holds: an image and the index of its class."""

import statistics
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pylib.data.dataset import DatasetIndex, Item, LabelTarget, read_verified
from pylib.data.images import decode_image, resize_image
from pylib.data.shards import ArraySpec, check_side
from pylib.errors import ConfigurationError, DataError

_STEP = 32  # backbones halve an image five times


def arrays(index: DatasetIndex, image_size: int) -> tuple[ArraySpec, ArraySpec]:  # noqa: ARG001
    """Inputs uint8 [S,S,3], RGB; targets int64 [], class indices 0…C-1."""
    return ArraySpec(dtype="uint8", shape=(image_size, image_size, 3)), ArraySpec(dtype="int64", shape=())


def read(
    dataset: Path, item: Item, index: DatasetIndex, image_size: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Decode an image and squeeze it to a square, bilinear, as the server does; look up its class.

    Squeezed and not cropped: what decides may lie at the edge, and every image is squeezed alike. Raises
    DataError where a file is damaged, is not what its digest says, or the label is no class.
    """
    if not isinstance(item.target, LabelTarget):
        raise DataError(f"its target is a {item.target.kind}, not a label; ingest the data set again")
    pixels = item.width * item.height  # ingest took it, whatever its limit was
    data = read_verified(dataset / item.image, item.image_sha256)
    image = decode_image(data, max_pixels=pixels, sample_bits=index.sample_bits)
    if item.target.label not in index.classes:
        raise DataError(f"its label {item.target.label} is no class; ingest the data set again")
    place = sorted(index.classes).index(item.target.label)
    return resize_image(image, image_size), np.array(place, np.int64)


def check_image_size(image_size: int) -> None:
    """Raise ConfigurationError for a side, in pixels, that a backbone cannot take; 0: the images' own."""
    check_side(image_size)
    if image_size and image_size < _STEP:
        raise ConfigurationError(
            f"image_size={image_size}: a backbone halves it five times; give {_STEP} or more, or 0"
        )


def natural_size(index: DatasetIndex, *, native: int = 224) -> int:
    """The side to look at where none is asked for: 224, or of images under half of that their own.

    Most backbones learned at 224 what to look for, and at what scale, so smaller images are enlarged to it
    (Touvron et al., Fixing the train-test resolution discrepancy, 2019, https://arxiv.org/abs/1906.06423);
    those of a few pixels hold nothing that would be worth its time, and stay, in steps of 32 pixels.
    """
    side = statistics.median(min(item.width, item.height) for item in index.items)
    return native if side >= native / 2 else max(_STEP, int(side) // _STEP * _STEP)
