"""The features of what a data set holds and of what is added to it, by the frozen network of its task."""

from pathlib import Path

import numpy as np

from pylib.data.dataset import INDEX_FILE, DatasetIndex
from pylib.data.shard_writer import write_shards
from pylib.errors import ConfigurationError
from pylib.features.extract import extract
from pylib.features.table import FeatureIndex, read_features
from pylib.models.weights_source import Weights
from pylib.review.checks.material import Features
from pylib.store.protocol import Commit, Store
from pylib.tasks.task import Task, find


def task_has_features(task: Task) -> bool:
    """Whether there is a network that looks at whole images of this task."""
    try:
        task.features  # noqa: B018
    except ConfigurationError:
        return False
    return True


def features_of(
    store: Store,
    head: Commit,
    old: DatasetIndex,
    index: DatasetIndex,
    files: dict[str, bytes | Path],
    *,
    weights: Weights,
    artifacts: str,
    folder: Path,
) -> Features | None:
    """Compute the features of all but old test items, or take them from the artifact store `artifacts`.

    index: of the commit to be, which has `old` in it; files: what it adds; artifacts: a URL
    folder: a new one, for what is read
    None where the task has no such features. Raises ConfigurationError, DataError, ModelError or StoreError.
    """
    task = find(index.task)
    if not task_has_features(task):
        return None
    known = {item.id for item in old.items}
    items = [item for item in index.items if item.id not in known or item.split != "test"]
    data = folder / "data"
    store.checkout(head, data, "images/**")
    for path, content in files.items():
        (data / path).parent.mkdir(parents=True, exist_ok=True)
        (data / path).write_bytes(content if isinstance(content, bytes) else content.read_bytes())
    alike = [item.model_copy(update={"split": "train", "given": False}) for item in items]
    (data / INDEX_FILE).write_bytes(index.model_copy(update={"items": alike}).dumps())
    write_shards(data, folder / "shards", image_size=task.records.natural_size(index))
    made, _ = extract(
        folder / "shards", folder / "features", task.features.Config(), weights, artifacts=artifacts
    )
    return _parted(folder / "features", made, known)


def _parted(folder: Path, made: FeatureIndex, known: set[str]) -> Features:
    vectors, targets = read_features(folder, "train")
    is_old = np.array([each in known for each in made.ids["train"]])
    labels = np.asarray(targets, np.int64)
    return Features(
        old=np.array(vectors[is_old]),
        old_targets=labels[is_old],
        new=np.array(vectors[~is_old]),
        new_targets=labels[~is_old],
        ids=[each for each, there in zip(made.ids["train"], is_old, strict=True) if not there],
        classes=list(made.classes),
    )
