"""One application built, source by source, as objects that know their file."""

from dataclasses import dataclass

from preflight.errors import ClusterError
from preflight.render.applications import Application
from preflight.render.build_source import Bodies, SourceBuild, Workplace
from preflight.render.kustomizations import OptionsUnknownError
from preflight.render.resources import Resource
from preflight.render.sources import Source
from preflight.render.unavailable import UnavailableError

# What a source of a wrong shape makes of what reads it; the schemas say where.
SHAPELESS = (AttributeError, KeyError, TypeError, ValueError, OSError)


@dataclass(frozen=True)
class Built:
    """The objects of one application, or why there are none.

    broken: whether nobody can build it, so that it is the repository that is wrong
    waits: whether it depends on what is known only when others are built
    """

    application: Application
    resources: tuple[Resource, ...]
    error: str = ""
    broken: bool = False
    waits: bool = False


def application(place: Workplace, told: Application) -> Built:
    """Build an application, as far as it can be: a source that cannot hides none of the others."""
    if told.server:
        return Built(told, (), f"it goes to another cluster, {told.server}, which is not looked at here")
    bodies: Bodies = []
    reasons: list[str] = []
    broken = waits = False
    for at, source in enumerate(told.sources or (Source("", told.path, ours=True),)):
        job = SourceBuild(place, told, source, at)
        try:
            bodies += job.bodies()
        except (ClusterError, *SHAPELESS) as error:
            broken |= not isinstance(error, UnavailableError)
            waits |= isinstance(error, OptionsUnknownError)
            reasons.append(job.reason(error))
        reasons += job.notes
        waits |= job.asks_apis
    resources = (Resource(told.name, body, origin) for body, origin in bodies)
    return Built(told, tuple(resources), "; ".join(reasons), broken, waits)
