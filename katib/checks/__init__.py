"""What Katib lets through, or ignores, and then hangs on: each check by its id.

The rules of the check before a push are these, and a search here refuses what they refuse.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from katib.experiment import Experiment

Faults = Iterator[tuple[str, str]]
"""A field, dotted, and what is wrong there with the likely fix."""
Find = Callable[[Experiment], Faults]


@dataclass(frozen=True)
class Check:
    """A check, with the reason it exists for: what the fault costs."""

    id: str
    reason: str
    find: Find


_CHECKS: dict[str, Check] = {}


def check(identifier: str, reason: str) -> Callable[[Find], Find]:
    """Register a function under its id; it yields a fault for each thing that is wrong."""

    def register(find: Find) -> Find:
        _CHECKS[identifier] = Check(identifier, reason, find)
        return find

    return register


def every() -> list[Check]:
    """All checks, sorted by id."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return [_CHECKS[identifier] for identifier in sorted(_CHECKS)]


def faults(experiment: Experiment) -> Faults:
    """What all checks find."""
    for each in every():
        yield from each.find(experiment)
