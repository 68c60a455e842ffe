"""The pods of a cluster as they will be made: who makes them, how many at once, what others add to them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from preflight.admission.amounts import Amounts
from preflight.render.pods import PodTemplate, containers
from preflight.render.resources import Body, Resource

# What a compiled step calls a part of its resources.
PARTS = {
    "requests.cpu": "resourceCpuRequest",
    "limits.cpu": "resourceCpuLimit",
    "requests.memory": "resourceMemoryRequest",
    "limits.memory": "resourceMemoryLimit",
}
Cost = Callable[["Made"], Amounts]


@dataclass(frozen=True)
class Made:
    """A pod that will be made.

    pod: its template; the spec is without what others add
    what: which of its object's pods it is, empty where there is one only
    labels, annotations: of the pod
    before, beside: containers that others add, init containers and others
    fields: where the resources of a container are written that is not in the template, by container
    most: how many there may be at once, in a roll
    """

    pod: PodTemplate
    namespace: str
    what: str = ""
    annotations: Body = field(default_factory=dict)
    before: tuple[Body, ...] = ()
    beside: tuple[Body, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    most: int = 1

    @property
    def spec(self) -> Body:
        """The spec that the API server is sent."""
        first, own = self.pod.spec.get("initContainers") or [], self.pod.spec.get("containers") or []
        return {**self.pod.spec, "initContainers": [*self.before, *first], "containers": [*own, *self.beside]}

    @property
    def whole(self) -> PodTemplate:
        """Its template with what others add."""
        return replace(self.pod, spec=self.spec)

    @property
    def name(self) -> str:
        """As people speak of it: `Notebook ml/workbench`, `step train of Pipeline segmentation`."""
        return f"{self.what} of {self.pod.resource}" if self.what else str(self.pod.resource)

    def with_added(self, *, before: tuple[Body, ...] = (), beside: tuple[Body, ...] = ()) -> "Made":
        """With more containers that others add."""
        return replace(self, before=(*before, *self.before), beside=(*self.beside, *beside))

    def field_of(self, container: str, part: str) -> str:
        """Where a container states a part of its resources, `requests.cpu`; empty for one that others add."""
        for each in containers(self.pod):
            if each.name == container:
                return f"{each.field}.resources.{part}"
        told = self.fields.get(container)
        return f"{told}.{PARTS.get(part, part)}" if told else ""


@dataclass(frozen=True)
class Claim:
    """A PersistentVolumeClaim that will be made, and how many of it."""

    resource: Resource
    namespace: str
    field: str
    spec: Body
    most: int = 1


@dataclass(frozen=True)
class Run:
    """What comes and goes as one: a pipeline's run, a sweep, a job.

    peak: the most of each resource at one moment, given what each pod costs
    total: how many pods it leaves behind
    unknown: its steps of which a part of what they ask for is given to a run
    """

    name: str
    namespace: str
    pods: tuple[Made, ...]
    peak: Callable[[Cost], Amounts]
    total: int
    claims: tuple[Claim, ...] = ()
    unknown: tuple[str, ...] = ()


def container(name: str, resources: Any, security: Any = None, **more: Any) -> Body:
    """A container that others add, as far as admission looks at it."""
    body = {"name": name, "resources": resources or {}, **more}
    return {**body, "securityContext": security} if security else body


def every_pod(standing: list[Made], runs: list[Run]) -> Iterator[Made]:
    """Of both."""
    yield from standing
    for run in runs:
        yield from run.pods
