"""Shards: a data set decoded and resized once, as plain .npy files that tf.data streams and numpy maps.

Layout of a folder of shards:

    index.json                    ShardIndex
    train/images-00000.npy        uint8 [n, S, S, 3], RGB
    train/masks-00000.npy         uint8 [n, S, S], class index 0…C-1
    validation/… test/… calibration/…

A file is npy format 1.0 (numpy.lib.format): a header of HEADER_BYTES, then records of one length.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from tqdm import tqdm

from pylib.data.dataset import SPLITS, DatasetIndex, Item, Sha256, SplitName, parse, read_file
from pylib.data.folders import new_folder
from pylib.data.images import decode_image, decode_mask, resize_image, resize_mask
from pylib.errors import DataError
from pylib.records import Record

HEADER_BYTES = 128
INDEX_FILE = "index.json"
Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


class ShardItem(Record):
    """Which image and mask a record was made from."""

    id: str
    image_sha256: Sha256
    mask_sha256: Sha256


class Shard(Record):
    """A pair of files, relative to the folder, and how many records each holds."""

    images: str
    masks: str
    count: int = Field(gt=0)


class Split(Record):
    """The items of a split in the order of their records, and the files that hold them in that order."""

    items: list[ShardItem]
    shards: list[Shard]


class ShardIndex(Record):
    """What index.json holds: `classes` by class index, `image_size` in pixels, the splits."""

    format: Literal[1] = 1
    name: str
    image_size: int = Field(gt=0)
    classes: list[str]
    splits: dict[SplitName, Split]

    @classmethod
    def read(cls, folder: Path) -> "ShardIndex":
        """Read folder/index.json; raises DataError if it is missing or wrong."""
        return parse(cls, read_file(folder / INDEX_FILE), str(folder / INDEX_FILE))


def write_shards(
    dataset: Path,
    output: Path,
    *,
    image_size: int = 128,
    shard_items: int = 512,
    workers: int | None = None,
) -> ShardIndex:
    """Decode and resize a data commit's folder into shards; the same data gives the same bytes.

    Images are squeezed to image_size x image_size (bilinear), masks by nearest neighbour, as class indices.
    `workers` threads decode, by default one a core and a few more. Raises DataError, and leaves no output,
    if a file is damaged or does not match its digest in dataset.json.
    """
    index = DatasetIndex.read(dataset)
    with (
        new_folder(output) as folder,
        ThreadPoolExecutor(workers) as pool,
        tqdm(total=len(index.items), desc="shards", unit="image", disable=None) as progress,
    ):
        writer = _Writer(dataset, folder, index, image_size, pool, progress)
        splits = {name: writer.split(name, shard_items) for name in SPLITS}
        written = ShardIndex(name=index.name, image_size=image_size, classes=index.class_names, splits=splits)
        (folder / INDEX_FILE).write_bytes(written.dumps())
    return written


def load_split(folder: Path, split: SplitName) -> Pair:
    """Return a split's images uint8 [N, S, S, 3] and class indices uint8 [N, S, S], read-only.

    One shard is mapped, several are joined in memory. Raises DataError if a file is missing or cut short.
    """
    index = ShardIndex.read(folder)
    shards, size = index.splits[split].shards, index.image_size
    images = [_map(folder / shard.images, (shard.count, size, size, 3)) for shard in shards]
    masks = [_map(folder / shard.masks, (shard.count, size, size)) for shard in shards]
    if not shards:
        return np.zeros((0, size, size, 3), np.uint8), np.zeros((0, size, size), np.uint8)
    return _joined(images), _joined(masks)


def decode_item(folder: Path, item: Item, *, image_size: int, lookup: NDArray[np.int16]) -> Pair:
    """Decode one item to uint8 [S, S, 3] and class indices uint8 [S, S].

    `lookup` int16 [256] maps mask ids to class indices, -1 where there is no such class.
    """
    try:
        image = decode_image(_verified(folder / item.image, item.image_sha256))
        mask = decode_mask(_verified(folder / item.mask, item.mask_sha256))
        indices = lookup[resize_mask(mask, (image_size, image_size))]
    except DataError as error:
        raise DataError(f"item {item.id}: {error}") from error
    if indices.min() < 0:
        raise DataError(f"item {item.id}: its mask has an id that is no class; ingest the data set again")
    return resize_image(image, image_size), indices.astype(np.uint8)


def class_lookup(classes: dict[int, str]) -> NDArray[np.int16]:
    """Table int16 [256] from mask id to class index (position among the sorted ids), -1 for other ids."""
    lookup = np.full(256, -1, np.int16)
    for position, mask_id in enumerate(sorted(classes)):
        lookup[mask_id] = position
    return lookup


class _Writer:
    """Writes the shards of one data set into a folder."""

    def __init__(
        self,
        dataset: Path,
        folder: Path,
        index: DatasetIndex,
        image_size: int,
        pool: ThreadPoolExecutor,
        progress: "tqdm[Any]",
    ) -> None:
        self.dataset, self.folder, self.index, self.image_size = dataset, folder, index, image_size
        self.pool, self.progress = pool, progress
        self.lookup = class_lookup(index.classes)

    def split(self, name: SplitName, shard_items: int) -> Split:
        items = self.index.split(name)
        (self.folder / name).mkdir()
        chunks = [items[start : start + shard_items] for start in range(0, len(items), shard_items)]
        return Split(
            items=[
                ShardItem(id=item.id, image_sha256=item.image_sha256, mask_sha256=item.mask_sha256)
                for item in items
            ],
            shards=[self.shard(f"{name}/{{}}-{number:05}.npy", chunk) for number, chunk in enumerate(chunks)],
        )

    def shard(self, pattern: str, items: list[Item]) -> Shard:
        size = self.image_size
        images = np.empty((len(items), size, size, 3), np.uint8)
        masks = np.empty((len(items), size, size), np.uint8)
        for position, (image, mask) in enumerate(self.pool.map(self.decode, items)):
            images[position], masks[position] = image, mask
            self.progress.update()
        shard = Shard(images=pattern.format("images"), masks=pattern.format("masks"), count=len(items))
        _save(self.folder / shard.images, images)
        _save(self.folder / shard.masks, masks)
        return shard

    def decode(self, item: Item) -> Pair:
        return decode_item(self.dataset, item, image_size=self.image_size, lookup=self.lookup)


def _verified(path: Path, sha256: str) -> bytes:
    data = read_file(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DataError(f"{path} does not match its SHA-256 in dataset.json; check the commit out again")
    return data


def _save(path: Path, array: NDArray[np.uint8]) -> None:
    with path.open("wb") as stream:
        np.lib.format.write_array(stream, array, version=(1, 0), allow_pickle=False)
    if path.stat().st_size != HEADER_BYTES + array.nbytes:
        raise DataError(f"{path}: the npy header is not {HEADER_BYTES} bytes, which readers rely on")


def _map(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    try:
        array: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read ({error}); write the shards again") from error
    if array.shape != shape or array.dtype != np.uint8:
        raise DataError(
            f"{path}: holds {array.dtype} {array.shape}, not uint8 {shape}; write the shards again"
        )
    return array


def _joined(arrays: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    if len(arrays) == 1:
        return arrays[0]
    joined = np.concatenate(arrays)
    joined.setflags(write=False)
    return joined
