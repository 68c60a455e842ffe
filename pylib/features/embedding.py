"""What the map of a data commit is drawn of: its images' features by a frozen network, else their pixels.

Where a run has filled the store of features, they are taken from there; else they are computed as the step
`features` does it, with what a pipeline takes where nothing is named, and kept: a run finds them again.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from pylib.data import explore
from pylib.data.dataset import Item
from pylib.data.explore import Explored
from pylib.data.shard_writer import write_shards
from pylib.data.shards import ShardIndex, mapped
from pylib.errors import ConfigurationError, StoreError
from pylib.features import gc
from pylib.features.extract import extract
from pylib.features.feature_store import FeatureTable
from pylib.features.key import TableKey, table_key
from pylib.features.segments import image_key
from pylib.features.table import LEARNING_SPLITS, read_features
from pylib.tasks.task import Task, find

_RANDOM = (
    "random weights tell little but colour: run the pipeline with pretrained --weights, and draw it again"
)


@dataclass(frozen=True)
class Embedding:
    """Vectors [N,D] of images, their places in the index, and a sentence that says what they are."""

    vectors: NDArray[np.floating]
    places: list[int]
    said: str


def embedding(explored: Explored, pictures: NDArray[np.uint8], artifacts: str) -> Embedding:
    """Return the features of all images but the test's, of which none are kept; else the pixels of all.

    pictures: uint8 [N,S,S,3], of all images; artifacts: URL of the artifact store
    Raises DataError or ModelError.
    """
    task = find(explored.index.task)
    try:
        task.features  # noqa: B018 (whether it has them)
    except ConfigurationError as error:
        return _of_pixels(pictures, str(error))
    items = [item for split in LEARNING_SPLITS for item in explored.index.split(split)]
    if not items:
        return _of_pixels(pictures, "all images are of the test split, of which no features are kept")
    vectors, said = _kept(explored, task, items, artifacts) or _computed(explored, task, artifacts)
    place = {item.id: number for number, item in enumerate(explored.index.items)}
    return Embedding(vectors, [place[item.id] for item in items], said)


def _of_pixels(pictures: NDArray[np.uint8], reason: str) -> Embedding:
    return Embedding(explore.pixels(pictures), list(range(len(pictures))), f"a map of pixels: {reason}")


def _kept(
    explored: Explored, task: Task, items: list[Item], artifacts: str
) -> tuple[NDArray[np.float32], str] | None:
    """The features that a run left, and of what; None where no table has all of them."""
    for key, config in _tables(task, artifacts):
        table, width = FeatureTable(artifacts, key), task.features.width(config)
        first, _ = task.records.read(explored.folder, items[0], explored.index, key.image_size)
        if not table.find([image_key(first)], width):
            continue  # of other data, most likely: nothing is decoded for it
        wanted = _keys(_shards(explored, key.image_size))
        rows = table.find(wanted, width)
        if rows.keys() >= set(wanted):
            return np.stack([rows[each] for each in wanted]), _said("features that a run kept", key)
    return None


def _tables(task: Task, artifacts: str) -> Iterator[tuple[TableKey, BaseModel]]:
    """The tables that this version can read, pretrained weights before random ones, the newest first."""
    try:
        found = [table for table in gc.tables(artifacts) if table.key and table.key.task == task.name]
    except StoreError:
        return  # nothing can be read: what is computed is not kept either, and `extract` says so
    for table in sorted(
        found, key=lambda each: (bool(each.key and each.key.weights), each.used), reverse=True
    ):
        key = table.key
        try:
            if key and key.digest == table.digest:
                yield key, task.features.Config.model_validate({"backbone": key.backbone, "alpha": key.alpha})
        except ValidationError:
            continue  # a network that this version does not have


def _computed(explored: Explored, task: Task, artifacts: str) -> tuple[NDArray[np.float32], str]:
    shards = _shards(explored, task.records.natural_size(explored.index))
    config = task.features.Config()
    with tempfile.TemporaryDirectory(dir=explored.folder.parent) as folder:
        made, computed = extract(shards, Path(folder) / "features", config, "none", artifacts=artifacts)
        vectors = np.concatenate(
            [read_features(Path(folder) / "features", each)[0] for each in LEARNING_SPLITS]
        )
    key = table_key(ShardIndex.read(shards), config, made.weights)
    return vectors, _said(f"features, {computed} of {len(vectors)} computed now", key)


def _said(origin: str, key: TableKey) -> str:
    return f"a map of {origin}: {key.name}" + (f"; {_RANDOM}" if key.weights is None else "")


def _shards(explored: Explored, size: int) -> Path:
    """The shards that a run makes at that size, beside the commit's files."""
    place = explored.folder.with_name(f"{explored.folder.name}-{size}-pixels")
    if not place.is_dir():
        write_shards(explored.folder, place, image_size=size)
    return place


def _keys(shards: Path) -> list[bytes]:
    index = ShardIndex.read(shards)
    pairs = (pair for split in LEARNING_SPLITS for pair in mapped(shards, index, split))
    return [image_key(image) for inputs, _ in pairs for image in inputs]
