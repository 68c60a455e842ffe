"""What a task says of data: how it lies in a source, what may be wrong, what a record holds."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pylib.data.checks import CheckedTarget
from pylib.data.dataset import DatasetIndex, Item, Target
from pylib.data.findings import Rule
from pylib.data.gallery import TargetPicture
from pylib.data.layout import Candidate, Layout, Reviewed, Settled
from pylib.data.shards import Array, ArraySpec

Classes = dict[int, str]
"""A legend, as in pylib.data.classes: names by id, those that are ignored among them; empty for numbers."""


class LayoutReader(Protocol):
    """How a source's folder holds images and what is to be learned of them."""

    def read_layout(self, folder: Path, place: str) -> Layout:
        """Find the candidates below a folder; pylib.data.layout has what every task needs for it.

        `Layout.assumed` says in sentences how it was read where that could be doubted; a candidate's `split`
        is the one that the source gives. Ids need not be safe as names: those that are not are rejected
        afterwards. Raises DataError, which names the place, where the folder holds no such data set, and
        ConfigurationError for wrong classes.
        """
        ...

    def write_source(self, folder: Path, items: Mapping[str, Reviewed], classes: Classes) -> None:
        """Write images and what people said of them, by id, as a source that `read_layout` reads.

        folder: an empty one; classes: the legend of the data set that they are added to
        Raises DataError where a truth is none, or is of no such class.
        """
        ...


class Checks(Protocol):
    """What may be wrong with a target, what it says, and how a report shows it."""

    TARGET: str
    """What messages call a target, such as mask or label."""
    AMOUNTS: str
    """What `CheckedTarget.amounts` counts by class, such as pixels or images."""
    MIN_SIDE: int
    """Images with a shorter side than this, in pixels, are rejected as too small."""
    FINDINGS: dict[str, Rule]
    """The kinds of findings that only this task has, by code."""
    NEW_CLASSES: bool
    """Whether what is added may bring classes: those that are there are right without them."""

    def classes(self, asked: Classes | None, found: Classes | None, parent: Classes | None) -> Classes:
        """The classes of the commit to be, sorted by id; raises ConfigurationError.

        Of those that a person asked for, that the source's layout names, and that the parent commit has. With
        the ids that are ignored, said or not.
        """
        ...

    def settle(self, layout: Layout, classes: Classes, max_pixels: int) -> Settled:
        """Decide once, for the whole set, what its targets mean, and say how.

        The layout's candidates come back with what `check` and `picture` need to know of it in `source`.
        A target above max_pixels is not looked at. Raises DataError where targets contradict each other.
        """
        ...

    def check(self, candidate: Candidate, image: NDArray[np.uint8], classes: Classes) -> CheckedTarget:
        """Check a candidate's target beside its image, uint8 [H, W, 3], upright; runs in threads.

        Raises checks.RejectedError with the one finding that rejects the sample.
        """
        ...

    def meaning(self, target: Target, read: Callable[[str], bytes]) -> str:
        """`CheckedTarget.meaning` of a target in a commit; `read` gives a file of it by path.

        Raises DataError where the target is of another kind or damaged.
        """
        ...

    def picture(self, candidate: Candidate, classes: Classes, side: int) -> TargetPicture:
        """What a report shows of a target, a veil at most `side` pixels a side; nothing where it is bad."""
        ...


class Records(Protocol):
    """What a record of a shard holds."""

    def check_image_size(self, image_size: int) -> None:
        """Raise ConfigurationError for a side, in pixels, that it cannot take; 0 is the images' own."""
        ...

    def natural_size(self, index: DatasetIndex) -> int:
        """The side, in pixels, to train at where none is asked for."""
        ...

    def arrays(self, index: DatasetIndex, image_size: int, /) -> tuple[ArraySpec, ArraySpec]:
        """The dtype and shape of one input and of one target."""
        ...

    def read(self, dataset: Path, item: Item, index: DatasetIndex, image_size: int) -> tuple[Array, Array]:
        """One input and one target of a checked-out data set; raises DataError."""
        ...


class Sample(Protocol):
    """The built-in data set, which needs no download."""

    NAME: str
    """The repository that it is committed to where nobody names one."""

    def make_sample(self, folder: Path) -> None:
        """Make a source's folder; same call, same bytes. Raises DataError if it already holds files."""
        ...
