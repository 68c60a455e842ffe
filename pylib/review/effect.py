"""What the items of each source do to a model: a head fitted with them and without them, judged side by side.

The frozen network's features are kept, so a fit takes seconds. Judged are the validation and calibration
items, never the test's: what is decided by this is decided before the test is looked at.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pylib.data.dataset import DatasetIndex
from pylib.data.shard_writer import write_shards
from pylib.errors import ReviewError
from pylib.evaluation.bootstrap import paired
from pylib.evaluation.confusion import macro_f1
from pylib.features.extract import extract
from pylib.features.table import FeatureIndex, read_features
from pylib.heads import logistic
from pylib.models.weights_source import Weights
from pylib.review.checks.features import task_has_features
from pylib.review.origins import Origin, read_origins
from pylib.store.protocol import Commit, Store
from pylib.tasks.task import find

_C = 0.01
_SEED = 0
_LEAST = 2


@dataclass(frozen=True)
class Effect:
    """Of a source: items it trains on, items judged, macro F1 with and without it, and the difference.

    low, high: the bounds of a paired bootstrap that hold 95 of 100 differences of items drawn anew
    """

    source: str
    items: int
    judged: int
    with_it: float
    without_it: float
    difference: float
    low: float
    high: float


def effects(
    store: Store,
    commit: Commit,
    *,
    weights: Weights,
    artifacts: str,
    folder: Path,
    sources: Collection[str] = (),
    since: Commit | None = None,
) -> list[Effect]:
    """Say what each reviewed source of a commit does, or those named; the largest first.

    since: a former commit, whose reviewed items stay in both: what came after it is left out alone
    weights: of the frozen network; artifacts: URL of the artifact store, where features are kept
    folder: a new one, for what is read
    Raises ReviewError where the task has no such features, or nothing in train is of such a source.
    """
    index = DatasetIndex.loads(store.read(commit, "dataset.json"))
    task = find(index.task)
    if not task_has_features(task):
        former = since.ref if since else f"{commit.repository}@{commit.parent}"
        raise ReviewError(
            f"{index.task}: a model with and one without a source are two trainings: run the pipeline on "
            f"{commit.ref} and on {former}, and compare them with `pylib models compare`"
        )
    reviewed = new_origins(store, commit, since)
    _refuse_none(reviewed, sources, commit)
    store.checkout(commit, folder / "data")
    write_shards(folder / "data", folder / "shards", image_size=task.records.natural_size(index))
    config = task.features.Config()
    made, _ = extract(folder / "shards", folder / "features", config, weights, artifacts=artifacts)
    places: dict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(made.ids["train"]):
        name = item.partition("/")[0]
        if item in reviewed and (not sources or name in sources):
            places[name].append(place)
    _refuse_none(places, sources, commit)
    found = [_effect(name, folder / "features", made, out) for name, out in sorted(places.items())]
    return sorted(found, key=lambda each: -abs(each.difference))


def new_origins(store: Store, commit: Commit, since: Commit | None) -> dict[str, Origin]:
    """The origins of a commit's items that a former one does not have; all, where there is none."""
    former = read_origins(store, since) if since else {}
    return {item: each for item, each in read_origins(store, commit).items() if item not in former}


def in_words(effect: Effect) -> str:
    """An effect in one line."""
    scores = f"macro F1 {effect.with_it:.3f} with it, {effect.without_it:.3f} without"
    bounds = f"{effect.difference:+.3f} ({effect.low:+.3f} to {effect.high:+.3f})"
    return f"{effect.source}: {effect.items} items, {scores}: {bounds} on {effect.judged} items"


def _refuse_none(found: Collection[str], sources: Collection[str], commit: Commit) -> None:
    if not found:
        named = ", ".join(sorted(sources)) or "reviewed items"
        raise ReviewError(f"{commit.ref}: the train split has none of {named}: nothing to leave out")


def _effect(source: str, folder: Path, made: FeatureIndex, out: list[int]) -> Effect:
    points, targets = _read(folder, ["train"])
    judged, truths = _read(folder, ["validation", "calibration"])
    kept = np.setdiff1d(np.arange(len(points)), out)
    classes = len(made.classes)
    if len(np.unique(targets[kept])) < _LEAST or not len(judged):
        raise ReviewError(f"{source}: without it there are no two classes to tell apart, or none to judge")
    counts = [
        _counts(_answers(points[rows], targets[rows], judged), truths, classes)
        for rows in (np.arange(len(points)), kept)
    ]
    interval = paired(counts[0], counts[1], macro_f1)
    with_it, without_it = (float(macro_f1(each.sum(axis=0))) for each in counts)
    bounds = (interval.difference, interval.low, interval.high)
    return Effect(source, len(out), len(judged), with_it, without_it, *bounds)


def _read(folder: Path, splits: list[str]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    parts = [read_features(folder, split) for split in splits]  # type: ignore[arg-type]
    targets = np.concatenate([np.asarray(labels, np.int64) for _, labels in parts])
    return np.concatenate([np.asarray(points) for points, _ in parts]), targets


def _answers(
    points: NDArray[np.float32], targets: NDArray[np.int64], judged: NDArray[np.float32]
) -> NDArray[np.int64]:
    """What a head says that was fitted on these points, of classes that they have: [N]."""
    there, labels = np.unique(targets, return_inverse=True)
    head = logistic.fit(points, labels.astype(np.int64), {"C": _C}, _SEED)
    return np.asarray(there[head.logits(judged).argmax(axis=1)])


def _counts(answers: NDArray[np.int64], truths: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """The confusion matrix of each item alone, [N,C,C]."""
    counts = np.zeros((len(truths), classes, classes), np.int64)
    counts[np.arange(len(truths)), truths, answers] = 1
    return counts
