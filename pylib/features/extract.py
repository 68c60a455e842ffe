"""Shards to the folder that heads read, by a frozen network."""

from pathlib import Path

import numpy as np
from pydantic import BaseModel

from pylib.data.folders import new_folder
from pylib.data.shards import ShardIndex, mapped
from pylib.features.compute import BATCH, network
from pylib.features.table import INDEX_FILE, LEARNING_SPLITS, FeatureIndex, write_split
from pylib.models.weights_source import Weights
from pylib.tasks import task as tasks


def extract(shards: Path, output: Path, config: BaseModel, weights: Weights) -> FeatureIndex:
    """Write the features of all splits but the test; `output` is a new or empty folder, complete when there.

    config: the task's own `features.Config`. Raises ConfigurationError, DataError or ModelError.
    """
    index = ShardIndex.read(shards)
    file, origin = tasks.find(index.task).features.first_weights(weights, config)
    compute, width = network(index.task, config, index.image_size, file)
    with new_folder(output) as folder:
        ids = {}
        for split in LEARNING_SPLITS:
            pairs = mapped(shards, index, split)
            images = [image for inputs, _ in pairs for image in inputs]
            rows = [compute(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
            features = np.concatenate([np.zeros((0, width), np.float32), *rows])
            targets = [np.zeros(0, index.targets.dtype), *(each for _, each in pairs)]
            write_split(folder, split, features, np.concatenate(targets))
            ids[split] = [item.id for item in index.splits[split].items]
        written = FeatureIndex(
            task=index.task,
            classes=index.classes,
            ids=ids,
            weights=origin,
            image_size=index.image_size,
            sample_bits=index.sample_bits,
            width=width,
            **config.model_dump(),
        )
        (folder / INDEX_FILE).write_bytes(written.dumps())
    return written
