"""Shards to the folder that heads read, by a frozen network, through the store of features."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from pylib.data.folders import new_folder
from pylib.data.shards import Array, ShardIndex, mapped
from pylib.features.compute import Compute, Pixels, network
from pylib.features.feature_store import FeatureTable
from pylib.features.filling import fill
from pylib.features.key import table_key
from pylib.features.segments import Rows, image_key
from pylib.features.table import INDEX_FILE, LEARNING_SPLITS, FeatureIndex, LearningSplit, write_split
from pylib.models.weights_source import Weights
from pylib.tasks import task as tasks


def extract(
    shards: Path, output: Path, config: BaseModel, weights: Weights, *, artifacts: str
) -> tuple[FeatureIndex, int]:
    """Write the features of all splits but the test; return what was written, and how many were computed.

    output: a new or empty folder, complete when it appears; config: the task's own `features.Config`
    artifacts: URL of the artifact store, where the rest comes from
    Raises ConfigurationError, DataError or ModelError.
    """
    index = ShardIndex.read(shards)
    aspect = tasks.find(index.task).features
    file, origin = aspect.first_weights(weights, config)
    width = aspect.width(config)
    splits = {name: _Split(shards, index, name) for name in LEARNING_SPLITS}

    def build() -> Compute:
        return network(index.task, config, index.image_size, file)

    images = {key: pixels for split in splits.values() for key, pixels in split.images()}
    table = FeatureTable(artifacts, table_key(index, config, origin))
    rows, computed = fill(images, table, build, width)
    written = FeatureIndex(
        task=index.task,
        classes=index.classes,
        ids={name: [item.id for item in index.splits[name].items] for name in LEARNING_SPLITS},
        weights=origin,
        image_size=index.image_size,
        sample_bits=index.sample_bits,
        width=width,
        **config.model_dump(),
    )
    with new_folder(output) as folder:
        for name, split in splits.items():
            write_split(folder, name, split.features(rows, width), split.targets)
        (folder / INDEX_FILE).write_bytes(written.dumps())
    return written, computed


class _Split:
    """The images of a split, mapped, with their keys; the targets."""

    def __init__(self, shards: Path, index: ShardIndex, name: LearningSplit) -> None:
        pairs = mapped(shards, index, name)
        self.inputs: list[Pixels] = [image for inputs, _ in pairs for image in inputs]
        self.keys = [image_key(image) for image in self.inputs]
        empty: Array = np.zeros(0, index.targets.dtype)
        self.targets: NDArray[Any] = np.concatenate([empty, *(targets for _, targets in pairs)])

    def images(self) -> "zip[tuple[bytes, Pixels]]":
        return zip(self.keys, self.inputs, strict=True)

    def features(self, rows: Rows, width: int) -> NDArray[np.float32]:
        found = np.empty((len(self.keys), width), np.float32)
        for place, key in enumerate(self.keys):
            found[place] = rows[key]
        return found
