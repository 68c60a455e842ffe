"""Shards of noise with labels, as `prepare` leaves them."""

from pathlib import Path

import numpy as np

from pylib.data.shards import ArraySpec, Shard, ShardIndex, ShardItem, Split

SIZE = 32
CLASSES = ["cat", "dog", "eel"]
COUNTS = {"train": 70, "validation": 9, "test": 5, "calibration": 0}


def pictures(count: int, seed: int) -> np.ndarray:
    """Pictures that no two seeds share, uint8 [N,S,S,3]."""
    return np.random.default_rng(seed).integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8)


def write_shards(folder: Path, *, task: str = "classification", first: int = 0, **counts: int) -> Path:
    """Write shards of at most 40 records; `first` is where a split's pictures begin, so sets can overlap."""
    splits = {}
    for seed, (split, default) in enumerate(COUNTS.items()):
        count = counts.get(split, default)
        images = pictures(first + count, seed)[first:]
        targets = np.random.default_rng(seed).integers(0, 3, count)
        (folder / split).mkdir(parents=True)
        shards = []
        for number, start in enumerate(range(0, count, 40)):
            shard = Shard(
                inputs=f"{split}/inputs-{number:05}.npy",
                targets=f"{split}/targets-{number:05}.npy",
                count=min(40, count - start),
            )
            np.save(folder / shard.inputs, images[start : start + 40])
            np.save(folder / shard.targets, targets[start : start + 40])
            shards.append(shard)
        items = [
            ShardItem(id=f"{split}_{first + number}", image_sha256="0" * 64, target_sha256="0" * 64)
            for number in range(count)
        ]
        splits[split] = Split(items=items, shards=shards)
    index = ShardIndex(
        task=task,
        name="noise",
        classes=CLASSES,
        inputs=ArraySpec(dtype="uint8", shape=(SIZE, SIZE, 3)),
        targets=ArraySpec(dtype="int64", shape=()),
        splits=splits,
    )
    (folder / "index.json").write_bytes(index.dumps())
    return folder
