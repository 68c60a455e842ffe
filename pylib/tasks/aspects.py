"""What the modules of a task have, a Protocol a module; see pylib.tasks.task."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

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


class Answer(Protocol):
    """What the served model says of one image; the server has neither TensorFlow nor pydantic.

    `answer` makes a JSON object, which the other functions of the server take; `read` makes of it what the
    task's other functions of the client take.
    """

    @property
    def OUTPUTS(self) -> Sequence[str]:  # noqa: N802
        """The model's outputs that `answer` needs, by name."""
        ...

    def answer(
        self, outputs: Mapping[str, NDArray[Any]], image: NDArray[np.uint8], classes: Sequence[str], /
    ) -> dict[str, Any]:
        """An answer as it is sent, of the model's outputs by name for this image alone (no batch dimension).

        image: as it was sent, uint8 [H,W,3] RGB in 0..255
        """
        ...

    def summary(self, answer: Mapping[str, Any], /) -> dict[str, Any]:
        """What the log of predictions keeps of an answer."""
        ...

    def counters(self, answer: Mapping[str, Any], /) -> list[tuple[str, dict[str, str], float]]:
        """Name, labels and increment of Prometheus counters; the server counts predictions and their time."""
        ...

    def read(self, answer: Mapping[str, Any], /) -> Any:
        """An answer as a client uses it; raises KeyError, TypeError, ValueError, DataError if it is none."""
        ...

    def figures(self, answer: Any, /) -> dict[str, Any]:
        """The numbers of what was read, to be written as JSON."""
        ...

    def lines(self, answer: Any, /) -> list[tuple[str, str]]:
        """What was read in words for a person: names and values."""
        ...

    def picture(self, image: NDArray[np.uint8], answer: Any, /) -> NDArray[np.uint8]:
        """What was read, shown on its image, uint8 [H,W,3]: uint8 [H',W',3] of any size."""
        ...
