"""Every rule of the check: a package a topic, a module a subject, a small function a rule.

What other people wrote is judged by the rules on what is dangerous; only ours must be hardened. Importing a
module registers its rules, and all modules below here are imported.
"""

import importlib
import pkgutil
from collections.abc import Iterator

from preflight.findings import RULES, Pending, Rule
from preflight.render.cluster import Render, Unchecked


def every() -> list[Rule]:
    """All rules, by id."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return [RULES[identifier] for identifier in sorted(RULES)]


def notes(render: Render) -> Iterator[Unchecked]:
    """What could not be compared, though it was rendered."""
    from preflight.rules.api_server import refused_pods
    from preflight.rules.references import compiled_pipelines

    for module in (compiled_pipelines, refused_pods):
        yield from module.notes(render)


def pending(render: Render) -> Iterator[Pending]:
    """What was looked at and is not finished yet."""
    from preflight.rules.security import image_versions

    yield from image_versions.pending(render)
