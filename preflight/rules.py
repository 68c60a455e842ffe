"""Every rule of the check, in one list: importing their modules registers them."""

import importlib
import pkgutil
from collections.abc import Iterator

from preflight import policies, schemas
from preflight.findings import RULES, Pending, Rule
from preflight.render import Render, Unchecked

MODULES = (
    "preflight.access",
    "preflight.broken_builds",
    "preflight.katib",
    "preflight.pachyderm",
    "preflight.pipeline_references",
)


def every() -> list[Rule]:
    """All rules, by id."""
    for package in (policies, schemas):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for name in MODULES:
        importlib.import_module(name)
    return [RULES[identifier] for identifier in sorted(RULES)]


def notes(render: Render) -> Iterator[Unchecked]:
    """What could not be compared, though it was rendered."""
    from preflight import pipeline_references
    from preflight.policies import admission

    for module in (pipeline_references, admission):
        yield from module.notes(render)


def pending(render: Render) -> Iterator[Pending]:
    """What was looked at and is not finished yet."""
    from preflight.policies import images

    yield from images.pending(render)
