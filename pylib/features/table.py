"""The folder that heads read: the features and targets of each split but the test, and what they are of.

    features.json                    FeatureIndex
    train.features.npy               float32 [N,W], C order
    train.targets.npy                [N] class indices, of the dtype that the shards have
    validation.… calibration.…       likewise

Row n is the item that `ids` of its split names at n, in the order of the shards. The test split has no
features: it is for the exported model alone.
"""

from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pylib.data.dataset import SampleBits, parse, read_file
from pylib.errors import DataError
from pylib.models.weights_origin import WeightsOrigin
from pylib.records import Record

LearningSplit = Literal["train", "validation", "calibration"]
LEARNING_SPLITS: tuple[LearningSplit, ...] = get_args(LearningSplit)
"""All that a head may see before it is judged."""

INDEX_FILE = "features.json"
Features = NDArray[np.float32]
Targets = NDArray[Any]


class FeatureIndex(Record):
    """What features.json holds: whose features of what, and by which network.

    classes: names by class index; ids: of the items of each split, in the order of the rows
    alpha: 1 where the width is no parameter of the backbone; width: how many features an image has
    image_size: side of the images in pixels; sample_bits: as the shards have it
    """

    format: Literal[1] = 1
    task: str
    classes: list[str]
    ids: dict[LearningSplit, list[str]]
    backbone: str
    alpha: float
    weights: WeightsOrigin
    image_size: int = Field(gt=0)
    sample_bits: SampleBits = None
    width: int = Field(gt=0)

    @model_validator(mode="after")
    def _has_each_split(self) -> Self:
        if missing := set(LEARNING_SPLITS) - self.ids.keys():
            raise ValueError(f"ids: nothing of {', '.join(sorted(missing))}")
        return self

    @classmethod
    def read(cls, folder: Path) -> "FeatureIndex":
        """Read folder/features.json; raises DataError if it is missing or wrong."""
        return parse(cls, read_file(folder / INDEX_FILE), str(folder / INDEX_FILE))


def read_features(folder: Path, split: LearningSplit) -> tuple[Features, Targets]:
    """Return a split's features, float32 [N,W], and targets, integer [N], both read-only and mapped.

    N is 0 for a split without images. Raises DataError if a file is missing, cut short or of another shape.
    """
    index = FeatureIndex.read(folder)
    count = len(index.ids[split])
    features = _map(folder / f"{split}.features.npy", (count, index.width))
    targets = _map(folder / f"{split}.targets.npy", (count,))
    if features.dtype != np.float32:
        raise DataError(f"{folder / split}.features.npy: holds {features.dtype}, not float32; {_AGAIN}")
    if not np.issubdtype(targets.dtype, np.integer):
        raise DataError(f"{folder / split}.targets.npy: holds {targets.dtype}, no class indices; {_AGAIN}")
    return features, targets


def write_split(folder: Path, split: LearningSplit, features: Features, targets: Targets) -> None:
    """Write one split's arrays."""
    np.save(folder / f"{split}.features.npy", np.ascontiguousarray(features, np.float32), allow_pickle=False)
    np.save(folder / f"{split}.targets.npy", np.ascontiguousarray(targets), allow_pickle=False)


_AGAIN = "compute the features again"


def _map(path: Path, shape: tuple[int, ...]) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r" if shape[0] else None, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read ({error}); {_AGAIN}") from error
    if array.shape != shape:
        raise DataError(f"{path}: holds {array.shape}, not {shape} as {INDEX_FILE} says; {_AGAIN}")
    array.setflags(write=False)
    return array
