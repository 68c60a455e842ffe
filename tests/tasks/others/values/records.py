from pathlib import Path

import numpy as np

from pylib.data.dataset import DatasetIndex, Item, read_verified
from pylib.data.images import decode_image, resize_image
from pylib.data.shards import Array, ArraySpec


def check_image_size(image_size: int) -> None:
    """Any side will do."""


def natural_size(index: DatasetIndex) -> int:
    return 8


def arrays(index: DatasetIndex, image_size: int) -> tuple[ArraySpec, ArraySpec]:
    return ArraySpec(dtype="uint8", shape=(image_size, image_size, 3)), ArraySpec(dtype="float32", shape=())


def read(dataset: Path, item: Item, index: DatasetIndex, image_size: int) -> tuple[Array, Array]:
    data = read_verified(dataset / item.image, item.image_sha256)
    image = decode_image(data, sample_bits=index.sample_bits)
    return resize_image(image, image_size), np.float32(item.target.value)
