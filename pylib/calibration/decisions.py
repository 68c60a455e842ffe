"""What a network says of the calibration split, decision by decision."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pylib.calibration.choice import Decisions
from pylib.data.shards import Array, ShardIndex, ShardItem, load_split

if TYPE_CHECKING:
    import keras

MOST = 100_000
"""So many decisions are enough for a few numbers a class: of masks with more, each image gives as many."""
_LOGITS = 6_000_000  # of all classes, what is in memory at once
_BATCH = 16


def decided(shards: Path, logits: "keras.Model") -> Decisions:
    """Ask the network of the calibration split: inputs [N,…] to logits [N,…,C], a decision each.

    Targets that the shards call ignored are no decisions. Of many, each image gives its share, drawn with a
    seed, so the same shards and network give the same decisions.
    """
    index = ShardIndex.read(shards)
    inputs, targets = load_split(shards, "calibration")
    places = one_a_group(index.splits["calibration"].items)
    width = len(index.classes)
    most = max(1, min(MOST, _LOGITS // width) // max(1, len(inputs)))

    def ask(batch: Array) -> NDArray[np.float32]:
        return np.asarray(logits(batch, training=False))

    found = list(_each(inputs, targets, index.targets.ignored, most, ask))
    return Decisions(
        np.concatenate([np.zeros((0, width), np.float32), *(said for said, _ in found)]),
        np.concatenate([np.zeros(0, np.int64), *(truth for _, truth in found)]),
        np.repeat(places, [len(truth) for _, truth in found]),
    )


def one_a_group(items: list[ShardItem]) -> NDArray[np.int64]:
    """Number the groups of items, [N]; an item without one is its own."""
    names = [f"group {item.group}" if item.group is not None else f"item {item.id}" for item in items]
    return np.asarray(np.unique(np.array(names, str), return_inverse=True)[1], np.int64)


def _each(
    inputs: Array, targets: Array, ignored: int | None, most: int, logits: Callable[[Array], Array]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """The logits [n,C] and truths [n] of each image, at most so many."""
    random = np.random.default_rng(0)
    for start in tqdm(range(0, len(inputs), _BATCH), desc="calibrate", unit="batch", disable=None):
        said = logits(inputs[start : start + _BATCH])
        for scores, target in zip(said, targets[start : start + _BATCH], strict=True):
            truth = np.asarray(target).reshape(-1).astype(np.int64)
            kept = np.flatnonzero(truth != ignored) if ignored is not None else np.arange(len(truth))
            if len(kept) > most:
                kept = np.sort(random.choice(kept, most, replace=False))
            yield scores.reshape(len(truth), -1)[kept], truth[kept]
