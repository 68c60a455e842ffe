"""The tf.data input: records straight from the shards, in an order and with changes that depend on the seed.

The shards hold decoded, resized pixels, so an epoch costs one copy of each record from the page cache. Order
and augmentation are functions of (seed, epoch, item index) alone: a run that resumes at epoch k sees what the
uninterrupted run saw.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from pylib.data.augmentation import item_seed
from pylib.data.shards import ArraySpec, Shard, ShardIndex
from pylib.errors import ConfigurationError, DataError

Augment = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
"""One input, one target and a seed, int32 [2], to both, changed; shapes and dtypes stay."""

_HEADER_BYTES = 128  # of npy format 1.0, as write_shards pads it
_SHUFFLE_BYTES = 512 * 2**20


class Share(NamedTuple):
    """What one of several processes takes of each batch.

    Batches are cut into as many consecutive parts as there are replicas; process `place` of `places` takes
    the parts of its own replicas, one after another.
    """

    place: int = 0
    places: int = 1
    replicas: int = 1


WHOLE = Share()


class ShardReader:
    """One split of a shard folder, as tf.data datasets of (input, target) batches.

    DataError when the split is unknown, empty, or a shard is not what the index says.
    """

    def __init__(self, folder: Path, split: str) -> None:
        index = ShardIndex.read(folder)
        if split not in index.splits or not index.splits[split].shards:
            raise DataError(f"{folder}: no items in split {split!r}; the data set is too small, add images")
        self.inputs, self.targets = index.inputs, index.targets
        self.count = sum(shard.count for shard in index.splits[split].shards)
        self._shards = [shard for shard in index.splits[split].shards if shard.count]
        self._files = [self._check(folder, shard) for shard in self._shards]

    def in_order(self, batch: int) -> tf.data.Dataset:
        """Return one pass in the index's order, inputs [N,…] and targets [N,…], the last batch smaller."""
        records = self._records(tf.range(len(self._shards)))
        return records.map(lambda _, *record: self._decode(*record)).batch(batch).prefetch(2)

    def epochs(
        self,
        batch: int,
        *,
        seed: int,
        first: int,
        last: int,
        augment: Augment | None = None,
        deterministic: bool = True,
        share: Share = WHOLE,
    ) -> tf.data.Dataset:
        """Return the batches of epochs first (included) to last (excluded), `steps(batch)` of them an epoch.

        Inputs [batch,…] and targets [batch,…]; each epoch in another order and, through `augment`, changed in
        another way; what does not fill a batch is left out of that epoch. With a `share`, only the parts of
        these same batches that are a process' own: [batch / replicas,…]. ConfigurationError where a batch
        cannot be cut.
        """
        size = self._size(batch, share.replicas)

        def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
            def prepare(index: tf.Tensor, *record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                decoded = self._decode(*record)
                return decoded if augment is None else augment(*decoded, item_seed(seed, epoch, index))

            ordered = self._shuffled(item_seed(seed, epoch, tf.constant(-1)))
            if share.replicas > 1:
                ordered = _parts(ordered.take(self.steps(batch) * size), size, share)
            mapped = ordered.map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=deterministic)
            return mapped.batch(size // share.replicas, drop_remainder=True)

        epochs = tf.data.Dataset.range(first, last)
        return epochs.flat_map(one_epoch).prefetch(tf.data.AUTOTUNE)

    def steps(self, batch: int) -> int:
        """Return the number of batches of an epoch of `epochs`."""
        return self.count // min(batch, self.count)

    def _size(self, batch: int, replicas: int) -> int:
        size = min(batch, self.count)
        if size % replicas:
            raise ConfigurationError(
                f"batch={size}: {replicas} replicas cannot share it evenly; take a multiple of {replicas}"
            )
        return size

    def _check(self, folder: Path, shard: Shard) -> tuple[str, str]:
        return (
            _checked(folder / shard.inputs, shard.count, self.inputs),
            _checked(folder / shard.targets, shard.count, self.targets),
        )

    def _shuffled(self, seed: tf.Tensor) -> tf.data.Dataset:
        """Shuffle the shards, then the records in blocks that hold a whole split of ordinary size."""

        def shuffle(*block: tf.Tensor) -> tuple[tf.Tensor, ...]:
            own = tf.random.experimental.stateless_fold_in(seed, block[0][0])
            order = tf.random.experimental.stateless_shuffle(tf.range(tf.size(block[0])), own)
            return tuple(tf.gather(column, order) for column in block)

        shards = tf.random.experimental.stateless_shuffle(tf.range(len(self._shards)), seed)
        block_items = max(1, _SHUFFLE_BYTES // (_length(self.inputs) + _length(self.targets)))
        return self._records(shards).batch(block_items).map(shuffle).unbatch()

    def _records(self, order: tf.Tensor) -> tf.data.Dataset:
        """Return (item index, input's bytes, target's bytes) of the shards in that order."""
        starts = [sum(shard.count for shard in self._shards[:place]) for place in range(len(self._shards))]
        inputs, targets = zip(*self._files, strict=True)
        table = (tf.constant(inputs), tf.constant(targets), tf.constant(starts, tf.int64))
        ordered = tf.data.Dataset.from_tensor_slices(tuple(tf.gather(column, order) for column in table))
        return ordered.flat_map(self._shard)

    def _shard(self, inputs: tf.Tensor, targets: tf.Tensor, start: tf.Tensor) -> tf.data.Dataset:
        def read(file: tf.Tensor, length: int) -> tf.data.Dataset:
            return tf.data.FixedLengthRecordDataset(file, length, header_bytes=_HEADER_BYTES)

        counter = tf.data.Dataset.counter(start)
        records = read(inputs, _length(self.inputs)), read(targets, _length(self.targets))
        return tf.data.Dataset.zip((counter, *records))

    def _decode(self, record: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _decoded(record, self.inputs), _decoded(target, self.targets)


def _parts(records: tf.data.Dataset, size: int, share: Share) -> tf.data.Dataset:
    """Of batches of that size, the records that lie in the process' parts."""
    own = size // share.places
    numbered = records.enumerate().filter(lambda place, _: place % size // own == share.place)
    return numbered.map(lambda _, record: record)


def _decoded(raw: tf.Tensor, spec: ArraySpec) -> tf.Tensor:
    return tf.reshape(tf.io.decode_raw(raw, tf.as_dtype(spec.dtype)), spec.shape)


def _length(spec: ArraySpec) -> int:
    """Bytes of one record."""
    return math.prod(spec.shape) * np.dtype(spec.dtype).itemsize


def _checked(path: Path, count: int, spec: ArraySpec) -> str:
    """Return the path of a shard file that is what FixedLengthRecordDataset will take it for."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: missing or damaged; prepare the shards again") from error
    shape = (count, *spec.shape)
    if array.shape != shape or array.dtype != spec.dtype:
        found = f"{array.dtype} {array.shape}, but the index says {spec.dtype} {shape}"
        raise DataError(f"{path}: {found}; prepare the shards again")
    if array.offset != _HEADER_BYTES or not array.flags.c_contiguous:
        raise DataError(
            f"{path}: header of {array.offset} bytes, not {_HEADER_BYTES}; prepare the shards again"
        )
    return str(path)
