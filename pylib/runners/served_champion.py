"""The model that Git says is served, as the champion of a run: by digest, so that the record says which."""

from contextlib import suppress
from typing import Any

from pylib.errors import PylibError
from pylib.registry.places import Places
from pylib.release.models import models, read_values
from pylib.runners import pipelines

SERVED = "served"
"""What a person gives as the champion for the one that is served."""

Arguments = dict[str, Any]


def with_champion(name: str, given: Arguments) -> tuple[Arguments, list[str]]:
    """The arguments of a pipeline with `champion=served` as a digest, and what a person should know of it.

    Without one nothing is compared, and that is said where a model is served: what must beat the champion is
    released only if it does, which a run does not do unasked. Raises ReleaseError where Git cannot be read.
    """
    pipeline = pipelines.load(name)
    if "champion" not in pipelines.parameters(pipeline):
        return given, []
    as_ = pipelines.released_as(pipeline)
    champion = given.get("champion")
    if champion == SERVED:
        digest = _newest(as_)
        none = [] if digest else [f"nothing is served as {as_} yet, so there is no champion to beat"]
        return given | {"champion": digest}, none
    digest = "" if champion else _known(as_)
    here = f"{digest[:12]} is served as {as_}: --champion served sets the new model beside it"
    return given, [f"{here}, and releases only a better one"] if digest else []


def _newest(name: str) -> str:
    with Places.of_settings().clone() as git:
        return read_values(git, name).digest if name in models(git) else ""


def _known(name: str) -> str:
    """As the clone has it that releases are committed to; nothing is fetched for a hint."""
    with suppress(PylibError):
        return Places.of_settings().served().get(name, "")
    return ""
