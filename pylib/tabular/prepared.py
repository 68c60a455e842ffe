"""A table that is read and split: table.json, and an array for each split; and where it was found."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from pydantic import Field, ValidationError

from pylib.data.dataset import INDEX_FILE, Sha256, SplitName
from pylib.errors import ConfigurationError, DataError, did_you_mean
from pylib.records import Record, first_error
from pylib.store.protocol import CommitRef, File, Store
from pylib.tabular.table import Floats

TABLE_FILE = "table.json"


class PreparedTable(Record):
    """What table.json holds: the table's file and its SHA-256, the features in order, the target.

    `rows` are the rows of each split; <split>.npy holds them, float64 [rows, features + 1], the target last.
    """

    format: Literal[1] = 1
    file: str
    sha256: Sha256
    features: list[str] = Field(min_length=1)
    target: str
    rows: dict[SplitName, int]

    @property
    def name(self) -> str:
        """What the table is called: its file's name without folders and extension."""
        return PurePosixPath(self.file).stem

    @classmethod
    def read(cls, folder: Path) -> "PreparedTable":
        """Read folder/table.json; DataError where it is missing or wrong."""
        path = folder / TABLE_FILE
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise DataError(f"{path}: {error.strerror or error}; read the table again") from error
        except ValidationError as error:
            raise DataError(f"{path}: {first_error(error)}; read the table again") from error

    def write(self, folder: Path, splits: Mapping[SplitName, Floats]) -> None:
        """Write the folder, which is there."""
        (folder / TABLE_FILE).write_bytes(self.dumps())
        for split, rows in splits.items():
            np.save(folder / f"{split}.npy", rows, allow_pickle=False)


def rows_of(folder: Path, split: SplitName) -> tuple[Floats, Floats]:
    """Features float64 [rows, features] and target float64 [rows] of one split of a prepared table."""
    rows = np.load(folder / f"{split}.npy", allow_pickle=False)
    return rows[:, :-1], rows[:, -1]


def table_in(store: Store, data: str) -> File:
    """The one table of a commit; DataError where it holds none, or several."""
    commit = store.inspect(CommitRef.parse(data))
    files = store.ls(commit)
    tables = [each for each in files if each.path.casefold().endswith((".csv", ".tsv"))]
    if len(tables) == 1:
        return tables[0]
    if tables:
        few = ", ".join(each.path for each in tables[:3]) + (", …" if len(tables) > 3 else "")  # noqa: PLR2004
        raise DataError(f"{data}: {len(tables)} tables in it ({few}); commit one alone")
    if any(each.path == INDEX_FILE for each in files):
        raise DataError(f"{data}: a data set of images, and no table; name a commit of one CSV file")
    raise DataError(f"{data}: no table in it; `pylib data commit REPOSITORY FILE.csv` makes such a commit")


def target_of(columns: tuple[str, ...], target: str) -> str:
    """The column to predict: the one that is named, or the last; ConfigurationError where there is none."""
    if not target:
        return columns[-1]
    if target not in columns:
        has = did_you_mean(target, columns) or f"it has: {', '.join(columns)}"
        raise ConfigurationError(f"target={target!r}: the table has no such column; {has}")
    return target
