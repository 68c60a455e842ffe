"""The registry looked at: versions of one model or of all, and the figures of each."""

from pylib.errors import ConfigurationError, RegistryError
from pylib.registry.parameters import stored
from pylib.registry.places import Places
from pylib.registry.versions import Version, Versions, find
from pylib.release.models import models


def every(versions: Versions | None, name: str | None = None) -> list[Version]:
    """The versions of one model, or of all, newest first; ConfigurationError where there is no such model."""
    names = versions.names() if versions else []
    if versions is None or (name is not None and name not in names):
        if name is not None:
            there = ", ".join(names) or "none yet"
            raise ConfigurationError(f"no model {name!r} is registered; there are: {there}")
        return []
    return [each for one in ([name] if name else names) for each in reversed(versions.of(one))]


def look(places: Places, model: str, name: str | None, *, served: bool = False) -> tuple[Versions, Version]:
    """The registry, and the version of that number, alias or digest; raises RegistryError.

    served: without a name, only the models are meant that the repository serves, or would
    """
    versions = places.registered()
    if versions is None:
        raise RegistryError(f"no model is registered in {places.tracking} yet: `pylib run` a pipeline")
    found = every(versions, name)
    if served and name is None:
        with places.clone() as git:
            known = set(models(git))
        found = [each for each in found if each.name in known] or found
    return versions, find(found, model)


def figures(version: Version, versions: Versions, places: Places) -> tuple[dict[str, str], dict[str, float]]:
    """Parameters and test figures as registered; parameters of the stored model where none were."""
    parameters, measured = versions.figures(version)
    return parameters or stored(version.digest, places.artifacts), measured
