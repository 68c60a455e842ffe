"""Rows without a network: a fixed projection of the pixels, so that a store can be tried in milliseconds."""

from collections.abc import Sequence

import numpy as np

from pylib.features.key import TableKey
from pylib.features.segments import image_key
from tests.features.made import pictures

WIDTH = 24
KEY = TableKey(
    task="classification",
    backbone="vgg16",
    alpha=1,
    weights="a" * 64,
    image_size=32,
    code="b" * 64,
    tensorflow="2",
    keras="3",
    threads=4,
    devices=["CPU"],
    machine="AVX2",
)


def images(count: int, first: int = 0) -> dict[bytes, np.ndarray]:
    return {image_key(each): each for each in pictures(first + count, seed=7)[first:]}


class Network:
    """Computes, and counts of how many images it was asked."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def __call__(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        self.seen.append(len(batch))
        return np.stack([row(image) for image in batch])


def row(image: np.ndarray) -> np.ndarray:
    """The means of stripes, each of some pixels: exact, so the same on every machine."""
    sums = image.reshape(WIDTH, -1).astype(np.int64).sum(axis=1)
    return (sums / 128).astype(np.float32)
