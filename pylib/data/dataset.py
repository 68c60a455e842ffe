"""The data set as one commit holds it: dataset.json beside images/ and what the targets need."""

import hashlib
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from pylib.data.classes import IGNORE
from pylib.errors import DataError
from pylib.records import Record, first_error

SplitName = Literal["train", "validation", "test", "calibration"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)
INDEX_FILE = "dataset.json"
SAMPLE_BITS = (8, 10, 12, 14, 16)
"""How many bits can be in use in image files that have more than 8."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _inside(path: str) -> str:
    if PurePosixPath(path).as_posix() != path or ".." in path.split("/"):
        raise ValueError("must be a plain path below images/ or masks/")
    return path


ImagePath = Annotated[str, Field(pattern=r"^images/[^\\]+$"), AfterValidator(_inside)]
MaskPath = Annotated[str, Field(pattern=r"^masks/[^\\]+$"), AfterValidator(_inside)]
SampleBits = Annotated[int | None, Field(ge=8, le=16, exclude_if=lambda bits: bits is None)]
Columns = Annotated[dict[str, str], Field(exclude_if=lambda columns: not columns)]
"""What a table says of an item beside its label and its split, by the column's name."""
Parsed = TypeVar("Parsed", bound=Record)


class MaskTarget(Record):
    """A class id for each pixel: a PNG of the commit, by path and SHA-256."""

    kind: Literal["mask"] = "mask"
    file: MaskPath
    sha256: Sha256

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 of its own files, by path in the commit."""
        return {self.file: self.sha256}

    @property
    def digest(self) -> str:
        """What names it: its file's SHA-256."""
        return self.sha256


class _Inline(Record):
    """A target that stands in the index itself."""

    @property
    def files(self) -> dict[str, str]:
        """None."""
        return {}

    @property
    def digest(self) -> str:
        """What names it: the SHA-256 of its canonical JSON."""
        return hashlib.sha256(self.dumps()).hexdigest()


class LabelTarget(_Inline):
    """One class id for the whole image."""

    kind: Literal["label"] = "label"
    label: int = Field(ge=0, lt=2**31)


class ValueTarget(_Inline):
    """One number for the whole image, in the data set's own unit."""

    kind: Literal["value"] = "value"
    value: float


Target = Annotated[MaskTarget | LabelTarget | ValueTarget, Field(discriminator="kind")]
"""What is to be learned of an item."""


class Item(Record):
    """An image with its target.

    `id` is the image's path below images/ without extension; `image` is its path in the commit; `width` and
    `height` are in pixels, upright; `phash` is 16 hex digits (a DCT perceptual hash); `group` is the key
    that keeps items in one split, where one was asked for; the split of a `given` item is its source's own;
    `columns` is what else its source's table says of it.
    """

    id: str = Field(min_length=1)
    image: ImagePath
    image_sha256: Sha256
    target: Target
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    phash: str = Field(pattern=r"^[0-9a-f]{16}$")
    group: str | None
    split: SplitName
    given: bool = False
    columns: Columns = Field(default_factory=dict)

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write an item whose split is not given as it always was, so that the same content is one commit."""
        content: dict[str, Any] = dump(self)
        return content if self.given else {key: content[key] for key in content if key != "given"}

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 of each of its files, by path in the commit."""
        return {self.image: self.image_sha256} | self.target.files


class DatasetIndex(Record):
    """What dataset.json holds: the task, the classes (id → name) and the items, sorted by id.

    `task` is one of pylib.tasks; `group_pattern` is the regular expression whose first capture group, found
    in an id, is the item's group. A data set of numbers has no classes. `ignored` are ids in targets that are
    no class and count for nothing. `sample_bits`, one of SAMPLE_BITS, are in use in image files with more
    than 8 bits a sample; None where there are none, or in what was written before: then 16. `colours` are
    those that showed an id in targets, by id, as pylib.data.colours writes and reads them.
    """

    format: Literal[2] = 2
    task: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str
    group_pattern: str | None = None
    classes: dict[Annotated[int, Field(ge=0)], str]
    ignored: list[Annotated[int, Field(ge=0)]] = Field(default_factory=list)
    sample_bits: SampleBits = None
    colours: dict[Annotated[int, Field(ge=0)], list[str]] = Field(default_factory=dict)
    items: list[Item]

    @model_validator(mode="before")
    @classmethod
    def _of_format_1(cls, content: Any) -> Any:
        """Read what was written when every target was a mask."""
        if not isinstance(content, dict) or content.get("format") != 1:
            return content
        items = content.get("items")
        items = [_of_format_1(item) for item in items] if isinstance(items, list) else items
        return {**content, "format": 2, "task": "segmentation", "items": items}

    @model_validator(mode="after")
    def _sorted_and_unique(self) -> Self:
        ids = [item.id for item in self.items]
        if ids != sorted(set(ids)):
            raise ValueError("items must be sorted by id, and ids must be unique")
        if len(set(self.classes.values())) != len(self.classes):
            raise ValueError("two class ids have the same name")
        if both := self.classes.keys() & set(self.ignored):
            raise ValueError(f"id {min(both)} is a class, and ignored")
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_not_there(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write what ignores nothing, or has no colours, as before: the same content is the same commit."""
        content: dict[str, Any] = dump(self)
        without = {key for key in ("ignored", "colours") if not content[key]}
        return {key: content[key] for key in content if key not in without}

    @property
    def legend(self) -> dict[int, str]:
        """What each id of a target means, as pylib.data.classes has it, sorted by id."""
        return dict(sorted({**self.classes, **dict.fromkeys(self.ignored, IGNORE)}.items()))

    @property
    def class_names(self) -> list[str]:
        """Class names in the order of their ids: position i is class index i of shards and models."""
        return [self.classes[key] for key in sorted(self.classes)]

    def split(self, name: SplitName) -> list[Item]:
        """Return the items of one split, sorted by id."""
        return [item for item in self.items if item.split == name]

    @classmethod
    def loads(cls, data: bytes) -> "DatasetIndex":
        """Parse dataset.json; raises DataError in one line."""
        return parse(cls, data, INDEX_FILE)

    @classmethod
    def read(cls, folder: Path) -> "DatasetIndex":
        """Read folder/dataset.json; raises DataError if it is missing or wrong."""
        return parse(cls, read_file(folder / INDEX_FILE), str(folder / INDEX_FILE))


def _of_format_1(item: Any) -> Any:
    if not isinstance(item, dict) or "mask" not in item:
        return item
    kept = {name: value for name, value in item.items() if name not in {"mask", "mask_sha256"}}
    return {**kept, "target": {"kind": "mask", "file": item["mask"], "sha256": item.get("mask_sha256")}}


def parse(model: type[Parsed], data: bytes, place: str) -> Parsed:
    """Validate JSON as a record; raises DataError that names the place and the first thing wrong."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise DataError(f"{place}: {first_error(error)}; ingest the data set again") from error


def read_file(path: Path) -> bytes:
    """Read a file; raises DataError if it is not there or cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error


def read_verified(path: Path, sha256: str) -> bytes:
    """Read a file of a checkout; raises DataError where it is not what dataset.json says."""
    data = read_file(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DataError(f"{path} does not match its SHA-256 in dataset.json; check the commit out again")
    return data
