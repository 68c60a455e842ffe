"""The data set as one commit holds it: dataset.json beside images/ and masks/."""

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self, TypeVar, get_args

from pydantic import AfterValidator, Field, ValidationError, model_validator

from pylib.errors import DataError
from pylib.records import Record, first_error

SplitName = Literal["train", "validation", "test", "calibration"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)
INDEX_FILE = "dataset.json"
TRIMAP: dict[int, str] = {1: "object", 2: "background", 3: "border"}
"""Oxford-IIIT Pet's convention, and the default classes."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _inside(path: str) -> str:
    if PurePosixPath(path).as_posix() != path or ".." in path.split("/"):
        raise ValueError("must be a plain path below images/ or masks/")
    return path


FilePath = Annotated[str, Field(pattern=r"^(images|masks)/[^\\]+$"), AfterValidator(_inside)]
Parsed = TypeVar("Parsed", bound=Record)


class Item(Record):
    """An image with its mask.

    `id` is the image's path below images/ without extension; `image` and `mask` are paths in the commit;
    `width` and `height` are in pixels, upright; `phash` is 16 hex digits (a DCT perceptual hash);
    `group` is the key that keeps items in one split, where one was asked for.
    """

    id: str = Field(min_length=1)
    image: FilePath
    mask: FilePath
    image_sha256: Sha256
    mask_sha256: Sha256
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    phash: str = Field(pattern=r"^[0-9a-f]{16}$")
    group: str | None
    split: SplitName


class DatasetIndex(Record):
    """What dataset.json holds: the classes (mask id 0…255 → name) and the items, sorted by id.

    `group_pattern` is the regular expression whose first capture group, found in an id, is the item's group.
    """

    format: Literal[1] = 1
    name: str
    group_pattern: str | None = None
    classes: dict[Annotated[int, Field(ge=0, le=255)], str] = Field(min_length=2)
    items: list[Item]

    @model_validator(mode="after")
    def _sorted_and_unique(self) -> Self:
        ids = [item.id for item in self.items]
        if ids != sorted(set(ids)):
            raise ValueError("items must be sorted by id, and ids must be unique")
        if len(set(self.classes.values())) != len(self.classes):
            raise ValueError("two mask ids have the same class name")
        return self

    @property
    def class_names(self) -> list[str]:
        """Class names in the order of their mask ids: position i is class index i of shards and models."""
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
