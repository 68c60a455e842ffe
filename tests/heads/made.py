"""Folders of features of a few well-separated classes, as the step `features` leaves them."""

from pathlib import Path

import numpy as np

from pylib.features.table import LEARNING_SPLITS, FeatureIndex, write_split
from pylib.models.weights_origin import WeightsOrigin

WIDTH = 24


def points(targets: np.ndarray, seed: int, spread: float = 1.0) -> np.ndarray:
    """Features float32 [N,WIDTH] around a centre a class; like a backbone's, none below 0."""
    centres = np.random.default_rng(99).normal(size=(10, WIDTH)) * 2
    noise = np.random.default_rng(seed).normal(size=(len(targets), WIDTH)) * spread
    return np.maximum(centres[targets] + noise, 0).astype(np.float32)


def write_features(folder: Path, classes: int = 3, **targets: list[int]) -> Path:
    """The features of targets by split; 30 a class to train on, 5 otherwise, where nothing is said."""
    folder.mkdir(parents=True)
    ids = {}
    for seed, split in enumerate(LEARNING_SPLITS):
        each = 30 if split == "train" else 5
        found = np.array(targets.get(split, sorted(list(range(classes)) * each)), np.int64)
        write_split(folder, split, points(found, seed), found)
        ids[split] = [f"{split}_{number}" for number in range(len(found))]
    index = FeatureIndex(
        task="classification",
        classes=[f"class {label}" for label in range(classes)],
        ids=ids,
        backbone="mobilenet_v2",
        alpha=0.35,
        weights=WeightsOrigin(),
        image_size=32,
        width=WIDTH,
    )
    (folder / "features.json").write_bytes(index.dumps())
    return folder
