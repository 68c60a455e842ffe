"""A task, found by name once: everything else in pylib does not know which one it serves.

Each aspect of a task is a module of its folder, imported when it is first asked for, because no place needs
all: the model server has neither TensorFlow nor pydantic. The modules have the same names in each task:

    layout      how a source's folder holds images and what is to be learned of them
    checks      what may be wrong with a target, what it says, how a report shows it
    records     what a record of a shard holds
    sample      the built-in data set
    objective   loss, validation metrics and score, augmentation
    network     the architecture and its own hyper-parameters
    features    a frozen network's features of an image; only where whole images have such
    heads       a head that was fitted on those, on that network; likewise
    judgement   the metrics of the test split, and what a report shows of them
    answer      what the served model says of an image: wire form, summary, picture
    templates   a folder with report.html.j2, for tasks whose report has more than the base's

Whoever reads an aspect reads an attribute of that name: that is how pylib.provenance.closure knows it.
"""

import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, cast

from pylib import tasks
from pylib.errors import ConfigurationError

if TYPE_CHECKING:
    from pylib.tasks import aspects

DEFAULT = "segmentation"
"""The task where none is named: in a command, or in what was written when there was no other."""


@dataclass(frozen=True)
class Task:
    """One task; `find` makes it."""

    name: str

    @property
    def layout(self) -> "aspects.LayoutReader":
        """How a source's folder holds images and what is to be learned of them."""
        return cast("aspects.LayoutReader", self._aspect("layout"))

    @property
    def checks(self) -> "aspects.Checks":
        """What may be wrong with a target, what it says, how a report shows it."""
        return cast("aspects.Checks", self._aspect("checks"))

    @property
    def records(self) -> "aspects.Records":
        """What a record of a shard holds."""
        return cast("aspects.Records", self._aspect("records"))

    @property
    def sample(self) -> "aspects.Sample":
        """The built-in data set."""
        return cast("aspects.Sample", self._aspect("sample"))

    @property
    def answer(self) -> "aspects.Answer":
        """What the served model says of an image."""
        return cast("aspects.Answer", self._aspect("answer"))

    @property
    def objective(self) -> "aspects.Objective":
        """Loss, validation metrics and score, augmentation."""
        return cast("aspects.Objective", self._aspect("objective"))

    @property
    def network(self) -> "aspects.Network":
        """The architecture and its own hyper-parameters."""
        return cast("aspects.Network", self._aspect("network"))

    @property
    def features(self) -> "aspects.Features":
        """A frozen network's features of an image; raises ConfigurationError for a task without them."""
        return cast("aspects.Features", self._of_whole_images("features"))

    @property
    def heads(self) -> "aspects.Heads":
        """A head on the network that made its features; raises ConfigurationError for a task without them."""
        return cast("aspects.Heads", self._of_whole_images("heads"))

    @property
    def judgement(self) -> "aspects.Judgement":
        """The metrics of the test split, what a gate may ask of them, what a report shows."""
        return cast("aspects.Judgement", self._aspect("judgement"))

    def templates(self) -> list[str]:
        """The folder with its own report's template; none where it has no such."""
        place = f"{tasks.__name__}.{self.name}.templates"
        return list(importlib.import_module(place).__path__) if importlib.util.find_spec(place) else []

    def _of_whole_images(self, name: str) -> ModuleType:
        if importlib.util.find_spec(f"{tasks.__name__}.{self.name}.{name}") is None:
            raise ConfigurationError(f"task {self.name}: it has no features of whole images to learn from")
        return self._aspect(name)

    def _aspect(self, name: str) -> ModuleType:
        return importlib.import_module(f"{tasks.__name__}.{self.name}.{name}")


def names() -> list[str]:
    """Every task there is."""
    return sorted(found.name for found in pkgutil.iter_modules(tasks.__path__) if found.ispkg)


def find(name: str) -> Task:
    """The task of that name; raises ConfigurationError where there is none."""
    if name not in names():
        raise ConfigurationError(f"task {name!r}: there is no such; there are: {', '.join(names())}")
    return Task(name)
