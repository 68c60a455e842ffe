"""Every rule of the check: a package a topic, a module a subject, a small function a rule.

What other people wrote is judged by the rules on what is dangerous; only ours must be hardened. Importing a
module registers its rules, and all modules below here are imported.
"""

import importlib
import pkgutil
from collections.abc import Iterator

from preflight.registry import REMARKS, RULES, Remark, Rule
from preflight.render.cluster import Render


def every() -> list[Rule]:
    """All rules, by id."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return [RULES[identifier] for identifier in sorted(RULES)]


def remarks(render: Render) -> Iterator[Remark]:
    """What could not be compared, though it was rendered, and what is not finished yet."""
    every()
    for remark in REMARKS:
        yield from remark(render)
