"""A fitted head in a folder: what it is as JSON, its numbers as plain arrays; nothing in it is executed."""

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from pylib.errors import ModelError
from pylib.models.heads import logits
from pylib.models.heads.spec import HeadSpec, dtype, shapes
from pylib.records import Record, first_error

RECORD, ARRAYS = "head.json", "head.npz"
Array = NDArray[Any]


class Tried(Record):
    """One place of the grid, and its macro F1 by cross-validation; None where there was none."""

    parameters: dict[str, float | int | str]
    macro_f1: float | None


class HeadRecord(Record):
    """The content of head.json.

    name: as it was asked for; classes: names by index; width: of the features
    grid: what was tried on the train split; notes: what a person should know of it, in sentences
    macro_f1, accuracy: on the validation split, in [0,1]; standard_error: of that macro F1, by so many images
    sha256: of head.npz
    """

    format: Literal[1] = 1
    name: str
    spec: HeadSpec
    classes: tuple[str, ...]
    width: int
    grid: tuple[Tried, ...] = ()
    notes: tuple[str, ...] = ()
    macro_f1: float
    accuracy: float
    standard_error: float = 0.0
    sha256: str


@dataclass(frozen=True)
class FittedHead:
    """What a head is, and its arrays by name."""

    spec: HeadSpec
    arrays: Mapping[str, Array]

    def logits(self, features: Array) -> NDArray[np.float32]:
        """Of features float32 [N,W], [N,C]."""
        found: NDArray[np.float32] = logits.logits(self.spec, self.arrays, features)
        return found


def fitted(spec_of: Mapping[str, Any], arrays: Mapping[str, Array]) -> FittedHead:
    """A head of its kind and parameters, its arrays in the dtypes that they are kept in."""
    kept = {name: np.ascontiguousarray(array, dtype=dtype(name)) for name, array in sorted(arrays.items())}
    return FittedHead(HeadSpec(**spec_of, arrays=shapes(kept)), kept)


def write_arrays(folder: Path, arrays: Mapping[str, Array]) -> str:
    """Write head.npz; the same arrays give the same bytes. Returns its SHA-256, hex."""
    path = folder / ARRAYS
    np.savez(path, allow_pickle=False, **dict(sorted(arrays.items())))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_head(folder: Path) -> tuple[HeadRecord, FittedHead]:
    """Read a head as it was fitted; ModelError where a file is missing, damaged, or not the other's."""
    try:
        record = HeadRecord.model_validate_json((folder / RECORD).read_bytes())
        data = (folder / ARRAYS).read_bytes()
        if hashlib.sha256(data).hexdigest() != record.sha256:
            raise ModelError(f"{folder / ARRAYS}: its SHA-256 is not that of {RECORD}; fit the head again")
        with np.load(folder / ARRAYS, allow_pickle=False) as file:
            arrays = {name: file[name] for name in sorted(file.files)}
    except OSError as error:
        raise ModelError(f"{folder}: {error.strerror or error}; is it what `fit_head` made?") from error
    except (ValidationError, ValueError, zipfile.BadZipFile) as error:
        reason = first_error(error) if isinstance(error, ValidationError) else str(error)
        raise ModelError(f"{folder}: no head that can be read ({reason}); fit it again") from error
    if shapes(arrays) != record.spec.arrays:
        raise ModelError(f"{folder}: the arrays are not those that {RECORD} tells of; fit the head again")
    return record, FittedHead(record.spec, arrays)
