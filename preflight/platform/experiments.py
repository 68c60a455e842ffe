"""The Experiments of a render, as `katib` reads them."""

from collections.abc import Iterator
from dataclasses import dataclass

from katib.experiment import Experiment
from preflight.render.cluster import Render
from preflight.render.resources import Place, Resource
from preflight.schemas.check import sound


@dataclass(frozen=True)
class Rendered(Experiment):
    """An Experiment of a render."""

    resource: Resource

    @property
    def place(self) -> Place:
        """Where people find it."""
        return self.resource.place


def experiments(render: Render) -> Iterator[Rendered]:
    """Every Experiment of a render that can be read."""
    return (
        Rendered(resource.body, resource)
        for resource in sound(render, "Experiment")
        if resource.group == "kubeflow.org"
    )
