"""Shards: a data set decoded once, as plain .npy files that tf.data streams and numpy maps.

Layout of a folder of shards:

    index.json                    ShardIndex
    train/inputs-00000.npy        [n, …] of the dtype and shape that the index declares
    train/targets-00000.npy       [n, …]
    validation/… test/… calibration/…

A file is npy format 1.0 (numpy.lib.format): a header of HEADER_BYTES, then records of one length.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from pylib.data.dataset import Columns, SampleBits, Sha256, SplitName, parse, read_file
from pylib.errors import ConfigurationError, DataError
from pylib.records import Record

HEADER_BYTES = 128
INDEX_FILE = "index.json"
MAX_SIDE = 1024
"""Of an image in a shard, in pixels: at it a U-Net's step on 16 images takes about the 16 GiB that pipelines
give it, and at 5000 the first shard of 512 images alone would take 38 GB."""
Array = NDArray[Any]
Group = Annotated[str | None, Field(exclude_if=lambda group: group is None)]


def check_side(image_size: int) -> None:
    """Raise ConfigurationError for a side, in pixels, that no step has the memory for."""
    if image_size > MAX_SIDE:
        raise ConfigurationError(
            f"image_size={image_size}: memory grows with its square; give at most {MAX_SIDE}"
        )


class ArraySpec(Record):
    """The dtype and the shape of one record: uint8 images and masks, int64 labels, float32 numbers.

    `ignored` is the value, in targets, that counts for nothing; None where there is none in this data set.
    """

    dtype: Literal["uint8", "int64", "float32"]
    shape: tuple[int, ...]
    ignored: int | None = None

    @model_serializer(mode="wrap")
    def _without_what_is_not_there(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = dump(self)
        return content if self.ignored is not None else {key: content[key] for key in ("dtype", "shape")}


class ShardItem(Record):
    """Which image and target a record was made from; `group` and `columns` are the data set's own.

    size: width and height of the image, in pixels, before it was resized; None in older ones
    """

    id: str
    image_sha256: Sha256
    target_sha256: Sha256
    group: Group = None
    columns: Columns = Field(default_factory=dict)
    size: Annotated[tuple[int, int] | None, Field(exclude_if=lambda size: size is None)] = None


class Shard(Record):
    """A pair of files, relative to the folder, and how many records each holds."""

    inputs: str
    targets: str
    count: int = Field(gt=0)


class Split(Record):
    """The items of a split in the order of their records, and the files that hold them in that order."""

    items: list[ShardItem]
    shards: list[Shard]


class ShardIndex(Record):
    """What index.json holds: the task, `classes` by class index, what a record is, the splits.

    `sample_bits` is the data set's: how its images with more than 8 bits a sample were scaled.
    """

    format: Literal[2] = 2
    task: str
    name: str
    classes: list[str]
    inputs: ArraySpec
    targets: ArraySpec
    splits: dict[SplitName, Split]
    sample_bits: SampleBits = None

    @model_validator(mode="before")
    @classmethod
    def _of_format_1(cls, content: Any) -> Any:
        """Read what was written when every target was a mask; released models have such an index."""
        if not isinstance(content, dict) or content.get("format") != 1:
            return content
        size = content.pop("image_size", 0)
        try:
            splits = {name: _split_of_format_1(split) for name, split in content["splits"].items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"format 1, without all that it had: {error!r}") from error
        inputs = {"dtype": "uint8", "shape": (size, size, 3)}
        targets = {"dtype": "uint8", "shape": (size, size)}
        new = {"format": 2, "task": "segmentation", "inputs": inputs, "targets": targets, "splits": splits}
        return {**content, **new}

    @property
    def image_size(self) -> int:
        """The side of the images in pixels."""
        return self.inputs.shape[0]

    @classmethod
    def read(cls, folder: Path) -> "ShardIndex":
        """Read folder/index.json; raises DataError if it is missing or wrong."""
        return parse(cls, read_file(folder / INDEX_FILE), str(folder / INDEX_FILE))


def load_split(folder: Path, split: SplitName) -> tuple[Array, Array]:
    """Return a split's inputs [N,…] and targets [N,…], read-only.

    One shard is mapped, several are joined in memory. Raises DataError if a file is missing or cut short.
    """
    index = ShardIndex.read(folder)
    pairs = mapped(folder, index, split)
    inputs, targets = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return _joined(inputs, index.inputs), _joined(targets, index.targets)


def mapped(folder: Path, index: ShardIndex, split: SplitName) -> list[tuple[Array, Array]]:
    """Return the inputs [n,…] and targets [n,…] of each shard of a split, read-only, none of them in memory.

    Raises DataError if a file is missing or cut short.
    """
    return [
        (
            _map(folder / shard.inputs, shard.count, index.inputs),
            _map(folder / shard.targets, shard.count, index.targets),
        )
        for shard in index.splits[split].shards
    ]


def _split_of_format_1(split: dict[str, Any]) -> dict[str, Any]:
    items = [
        {"id": i["id"], "image_sha256": i["image_sha256"], "target_sha256": i["mask_sha256"]}
        for i in split["items"]
    ]
    shards = [{"inputs": s["images"], "targets": s["masks"], "count": s["count"]} for s in split["shards"]]
    return {"items": items, "shards": shards}


def _map(path: Path, count: int, spec: ArraySpec) -> Array:
    try:
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read ({error}); write the shards again") from error
    shape = (count, *spec.shape)
    if array.shape != shape or array.dtype != spec.dtype:
        raise DataError(
            f"{path}: holds {array.dtype} {array.shape}, not {spec.dtype} {shape}; write the shards again"
        )
    return array


def _joined(arrays: list[Array], spec: ArraySpec) -> Array:
    if not arrays:
        return np.zeros((0, *spec.shape), spec.dtype)
    if len(arrays) == 1:
        return arrays[0]
    joined = np.concatenate(arrays)
    joined.setflags(write=False)
    return joined
