"""A data commit looked at: classes, sizes, brightness, near duplicates, a sheet, a map; for notebooks."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pylib.data.dataset import DatasetIndex, Item, LabelTarget, MaskTarget, read_verified
from pylib.data.duplicates import clusters, near_pairs
from pylib.data.images import decode_image, decode_mask, resize_image
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef

SIDE = 32
"""Pixels of a side at which pictures are compared where no features are at hand."""


@dataclass(frozen=True)
class Explored:
    """A commit that is checked out: its index, and the folder with its files."""

    index: DatasetIndex
    folder: Path


def check_out(data: str, store: str, folder: Path) -> Explored:
    """Write a commit's files to a new folder, or take them from there; StoreError, DataError."""
    opened = open_store(store)
    commit = opened.inspect(CommitRef.parse(data))
    place = folder / f"{commit.repository}-{commit.id[:12]}"
    if not place.is_dir():
        opened.checkout(commit, place)
    return Explored(DatasetIndex.read(place), place)


def class_balance(explored: Explored) -> dict[str, int]:
    """Images by class: those that have it as their label, or that show it; no class is left out."""
    counts = Counter(name for item in explored.index.items for name in classes_of(explored, item))
    return {name: counts[name] for name in explored.index.class_names}


def classes_of(explored: Explored, item: Item) -> list[str]:
    """The class of an image, or the classes that its mask shows; none for numbers."""
    match item.target:
        case LabelTarget(label=label):
            shown = {label}
        case MaskTarget(file=file, sha256=sha256):
            mask = decode_mask(read_verified(explored.folder / file, sha256))
            shown = {int(value) for value in np.unique(mask)}
        case _:
            shown = set()
    return [name for key, name in sorted(explored.index.classes.items()) if key in shown]


def main_class(explored: Explored, item: Item) -> str:
    """The label of an image, or the class of most pixels after the first of the list, as backgrounds are."""
    found = classes_of(explored, item)
    if not isinstance(item.target, MaskTarget) or len(found) < 2:  # noqa: PLR2004
        return found[0] if found else ""
    mask = decode_mask(read_verified(explored.folder / item.target.file, item.target.sha256))
    ids = {name: key for key, name in explored.index.classes.items()}
    return max(found[1:], key=lambda name: int((mask == ids[name]).sum()))


def thumbnails(explored: Explored, side: int = SIDE) -> NDArray[np.uint8]:
    """All images as uint8 [N, side, side, 3], in the order of the index."""
    made = [resize_image(image, side) for image in _images(explored, explored.index.items)]
    return np.stack(made) if made else np.zeros((0, side, side, 3), np.uint8)


def brightness(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean of each picture uint8 [N, H, W, 3], 0 black to 1 white."""
    return np.asarray(pictures.mean(axis=(1, 2, 3)) / 255)


def near_duplicates(explored: Explored) -> list[list[str]]:
    """Ids that look alike, by the hash that ingest compares, largest group first."""
    items = explored.index.items
    pairs = near_pairs([item.phash for item in items])
    return sorted(clusters((items[i].id, items[j].id) for i, j in pairs), key=len, reverse=True)


def pixels(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What pictures are compared by where no network has looked at them, float64 [N, D] in [0,1]."""
    return pictures.reshape(len(pictures), -1).astype(np.float64) / 255


def project(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """The two directions of most variance (PCA) of [N, D], as float64 [N, 2]; 0 where there are fewer."""
    centred = np.asarray(vectors, np.float64) - np.mean(vectors, axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    flat = (left * values)[:, :2]
    return np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))


def sheet(explored: Explored, items: Sequence[Item], *, columns: int = 8, side: int = 96) -> Image.Image:
    """A sheet of images side by side, each shrunk into a square of `side` pixels."""
    rows = -(-len(items) // columns)
    page = Image.new("RGB", (columns * side, max(rows, 1) * side), "white")
    for number, image in enumerate(_images(explored, items)):
        small = Image.fromarray(image)
        small.thumbnail((side - 4, side - 4))
        page.paste(small, (number % columns * side + 2, number // columns * side + 2))
    return page


def most_confused(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> list[tuple[str, str, float]]:
    """Pairs of a true and an answered class with the share of the true one, the worst first."""
    shares = [
        (classes[i], classes[j], count / total)
        for i, row in enumerate(confusion)
        if (total := sum(row))
        for j, count in enumerate(row)
        if i != j and count
    ]
    return sorted(shares, key=lambda each: -each[2])


def _images(explored: Explored, items: Sequence[Item]) -> Iterator[NDArray[np.uint8]]:
    for item in items:
        data = read_verified(explored.folder / item.image, item.image_sha256)
        yield decode_image(data, sample_bits=explored.index.sample_bits)
