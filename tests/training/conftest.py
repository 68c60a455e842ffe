"""Small shards of discs on noise: learnable, and quick to learn from."""

import json
from pathlib import Path

import numpy as np
import pytest

SIZE = 32


def discs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    images, masks = [], []
    for _ in range(count):
        y, x, radius = random.uniform(8, 24), random.uniform(8, 24), random.uniform(5, 9)
        distance = np.hypot(rows - y, columns - x)
        mask = np.select([distance < radius - 1, distance > radius + 1], [0, 1], default=2).astype(np.uint8)
        light = np.where(mask[..., np.newaxis] == 0, 150, 20)
        images.append((random.integers(0, 80, (SIZE, SIZE, 3)) + light).astype(np.uint8))
        masks.append(mask)
    return np.stack(images), np.stack(masks)


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    splits = {}
    for seed, (split, count) in enumerate(
        {"train": 24, "validation": 6, "test": 6, "calibration": 6}.items()
    ):
        images, masks = discs(count, seed)
        (folder / split).mkdir()
        np.save(folder / split / "images-00000.npy", images)
        np.save(folder / split / "masks-00000.npy", masks)
        names = [f"{split}_{number}" for number in range(count)]
        splits[split] = {
            "items": [{"id": name, "image_sha256": "0" * 64, "mask_sha256": "0" * 64} for name in names],
            "shards": [
                {"images": f"{split}/images-00000.npy", "masks": f"{split}/masks-00000.npy", "count": count}
            ],
        }
    index = {
        "format": 1,
        "name": "discs",
        "image_size": SIZE,
        "classes": ["object", "background", "border"],
        "splits": splits,
    }
    (folder / "index.json").write_text(json.dumps(index))
    return folder
