"""A data commit's folder to shards: the same data gives the same bytes."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pylib.data.dataset import SPLITS, DatasetIndex, Item, SplitName
from pylib.data.folders import new_folder
from pylib.data.shards import HEADER_BYTES, INDEX_FILE, Array, Shard, ShardIndex, ShardItem, Split
from pylib.errors import DataError
from pylib.tasks import task


def write_shards(
    dataset: Path,
    output: Path,
    *,
    image_size: int = 128,
    shard_items: int = 512,
    workers: int | None = None,
) -> ShardIndex:
    """Decode a data commit's folder into shards, images at image_size x image_size pixels.

    What a record holds is the task's own. `workers` threads decode, by default one a core and a few more.
    Raises DataError, and leaves no output, if a file is damaged or does not match its digest in dataset.json.
    """
    index = DatasetIndex.read(dataset)
    with (
        new_folder(output) as folder,
        ThreadPoolExecutor(workers) as pool,
        tqdm(total=len(index.items), desc="shards", unit="image", disable=None) as progress,
    ):
        writer = _Writer(dataset, folder, index, image_size, pool, progress)
        written = ShardIndex(
            task=index.task,
            name=index.name,
            classes=index.class_names,
            inputs=writer.inputs,
            targets=writer.targets,
            sample_bits=index.sample_bits,
            splits={name: writer.split(name, shard_items) for name in SPLITS},
        )
        (folder / INDEX_FILE).write_bytes(written.dumps())
    return written


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
        self.records = task.find(index.task).records
        self.inputs, self.targets = self.records.arrays(index, image_size)

    def split(self, name: SplitName, shard_items: int) -> Split:
        items = self.index.split(name)
        (self.folder / name).mkdir()
        chunks = [items[start : start + shard_items] for start in range(0, len(items), shard_items)]
        return Split(
            items=[
                ShardItem(
                    id=item.id,
                    image_sha256=item.image_sha256,
                    target_sha256=item.target.digest,
                    group=item.group,
                    columns=item.columns,
                    size=(item.width, item.height),
                )
                for item in items
            ],
            shards=[self.shard(f"{name}/{{}}-{number:05}.npy", chunk) for number, chunk in enumerate(chunks)],
        )

    def shard(self, pattern: str, items: list[Item]) -> Shard:
        inputs = np.empty((len(items), *self.inputs.shape), self.inputs.dtype)
        targets = np.empty((len(items), *self.targets.shape), self.targets.dtype)
        for position, (record, target) in enumerate(self.pool.map(self.read, items)):
            inputs[position], targets[position] = record, target
            self.progress.update()
        shard = Shard(inputs=pattern.format("inputs"), targets=pattern.format("targets"), count=len(items))
        _save(self.folder / shard.inputs, inputs)
        _save(self.folder / shard.targets, targets)
        return shard

    def read(self, item: Item) -> tuple[Array, Array]:
        try:
            return self.records.read(self.dataset, item, self.index, self.image_size)
        except DataError as error:
            raise DataError(f"item {item.id}: {error}") from error


def _save(path: Path, array: Array) -> None:
    with path.open("wb") as stream:
        np.lib.format.write_array(stream, array, version=(1, 0), allow_pickle=False)
    if path.stat().st_size != HEADER_BYTES + array.nbytes:
        raise DataError(f"{path}: the npy header is not {HEADER_BYTES} bytes, which readers rely on")
