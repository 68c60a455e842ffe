"""Which model a request may name: there is one, by its deployment's name and by its graph's."""

import os

from pylib.errors import RequestError


def names() -> list[str]:
    """The deployment's name and that of its graph, as Seldon's operator says them; never empty."""
    said = (os.environ.get("SELDON_DEPLOYMENT_ID"), os.environ.get("PREDICTIVE_UNIT_ID"))
    return [name for name in said if name] or ["model"]


def check_name(name: str) -> None:
    """Raise RequestError where no model of that name is served."""
    if name not in names():
        known = " or ".join(dict.fromkeys(names()))
        raise RequestError(f"there is no model {name[:80]!r} here: ask {known}", "not found")


def check_version(version: str, served: str) -> None:
    """Raise RequestError where a request names a version that is not the served one; empty is any."""
    if version and version != served:
        raise RequestError(
            f"version {version[:80]!r} is not served here: ask without a version, or for {served}",
            "not found",
        )
