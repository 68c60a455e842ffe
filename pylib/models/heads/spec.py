"""What a head is made of: its kind, its hyper-parameters, and the shapes of its arrays."""

import itertools
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from pylib.records import Record

Kind = Literal["logistic", "dense", "svm", "neighbours", "boosting"]
Value = float | int | str
HIDDEN = (124, 64)
"""Units of the dense head's layers before the last."""


class HeadSpec(Record):
    """A head without its numbers.

    parameters: what was chosen for it, by name
    arrays: name to shape of what it was fitted to; `feature…` are int32, all others float32
    """

    kind: Kind
    parameters: dict[str, Value] = Field(default_factory=dict)
    arrays: dict[str, tuple[int, ...]]

    @property
    def numbers(self) -> int:
        """How many numbers it keeps."""
        return sum(_size(shape) for shape in self.arrays.values())


def dense_layout(width: int, classes: int) -> HeadSpec:
    """The dense head on `width` features, before anything was learned."""
    sizes = (width, *HIDDEN, classes)
    arrays: dict[str, tuple[int, ...]] = {"mean": (width,), "scale": (width,)}
    for place, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        arrays |= {f"weights_{place}": (inputs, outputs), f"bias_{place}": (outputs,)}
    return HeadSpec(kind="dense", arrays=arrays)


def dtype(name: str) -> str:
    """The dtype of an array of a head, by its name."""
    return "int32" if name.startswith("feature") else "float32"


def shapes(arrays: Mapping[str, object]) -> dict[str, tuple[int, ...]]:
    """The shapes of arrays by name, as HeadSpec has them."""
    return {name: tuple(getattr(array, "shape", ())) for name, array in arrays.items()}


def _size(shape: tuple[int, ...]) -> int:
    total = 1
    for side in shape:
        total *= side
    return total
