"""How a model's data and its own answers are spread, of its shards: what reference.json holds.

Images are those that it learned from; answers are those to what it did not learn from, since of training
images it is surer than of any other.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from pylib.data.image_statistics import statistics
from pylib.data.shards import ShardIndex, load_split
from pylib.drift.stability import FEATURE_LEVEL, critical
from pylib.serving.drift_features import of_image
from pylib.serving.model import OnnxModel
from pylib.serving.reference import Feature, Reference, Value, named
from pylib.store.artifacts import MODEL_FILE
from pylib.tasks.task import find

_HELD_OUT = ("validation", "calibration", "test")
_IMAGES, _ANSWERS = 5000, 500
"""At most so many are looked at, evenly over all."""
_BINS, _ITEMS = 10, 10
"""Deciles, as is the custom of PSI; fewer where a bin would have fewer than so many items."""


def reference(shards: Path, model: Path) -> Reference | None:
    """The reference of the model in a folder, by the shards that it was made of; None if those are no images.

    Raises DataError, ModelError.
    """
    index = ShardIndex.read(shards)
    if index.inputs.dtype != "uint8" or len(index.inputs.shape) != 3:  # noqa: PLR2004
        return None
    seen = [*_images(shards, index)]
    said = [*_answers(shards, index, OnnxModel((model / MODEL_FILE).read_bytes()))]
    return Reference(index.task, {**_features(seen), **_features(said)})


def spread(values: Sequence[Value]) -> Feature:
    """One feature's values in bins: deciles of numbers, or the values themselves where there are few."""
    bins = max(2, min(_BINS, len(values) // _ITEMS))
    numbers = [value for value in values if not isinstance(value, str)]
    names = sorted({named(value) for value in values})
    if len(numbers) < len(values) or len(names) <= bins:
        counted = Counter(map(named, values))
        counts = (*(counted[name] for name in names), 0)
        return Feature(counts, names=tuple(names), critical=critical(len(counts), FEATURE_LEVEL))
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, bins + 1)[1:-1]).round(6))
    counts = tuple(
        np.bincount(np.searchsorted(edges, numbers, side="right"), minlength=len(edges) + 1).tolist()
    )
    return Feature(counts, edges=tuple(edges.tolist()), critical=critical(len(counts), FEATURE_LEVEL))


def _images(shards: Path, index: ShardIndex) -> Iterator[Mapping[str, Value]]:
    inputs, _ = load_split(shards, "train")
    for place in _evenly(len(inputs), _IMAGES):
        size = index.splits["train"].items[place].size
        yield of_image(statistics(inputs[place]), size)


def _answers(shards: Path, index: ShardIndex, model: OnnxModel) -> Iterator[Mapping[str, Value]]:
    answer, declared = find(index.task).answer, model.contract
    held_out = [load_split(shards, name)[0] for name in _HELD_OUT if name in index.splits]
    places = [(inputs, place) for inputs in held_out for place in range(len(inputs))]
    for number in _evenly(len(places), _ANSWERS):
        inputs, place = places[number]
        said = answer.answer(
            model.run(inputs[place]), inputs[place], declared.classes, declared.confidence_threshold
        )
        yield answer.observed(answer.summary(said))


def _features(rows: Sequence[Mapping[str, Value]]) -> dict[str, Feature]:
    names = {name: None for row in rows for name in row}
    return {name: spread([row[name] for row in rows if name in row]) for name in names}


def _evenly(count: int, most: int) -> list[int]:
    return (
        np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)).tolist() if count else []
    )
