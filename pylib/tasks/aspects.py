"""What the modules of a task have, a Protocol a module; see pylib.tasks.task."""

from pathlib import Path
from typing import Protocol

from pylib.data.dataset import DatasetIndex, Item
from pylib.data.shards import Array, ArraySpec


class Records(Protocol):
    """What a record of a shard holds."""

    def arrays(self, index: DatasetIndex, image_size: int, /) -> tuple[ArraySpec, ArraySpec]:
        """The dtype and shape of one input and of one target."""
        ...

    def read(self, dataset: Path, item: Item, index: DatasetIndex, image_size: int) -> tuple[Array, Array]:
        """One input and one target of a checked-out data set; raises DataError."""
        ...
