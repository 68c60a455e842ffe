"""What is dangerous in a difference: each rule with its id, and what the change will cost on the cluster."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from preflight.diff import rules
from preflight.diff.compare import Difference, ObjectChange
from preflight.diff.paths import Path, shown


class Outcome(StrEnum):
    """What comes of a change on the cluster, the worst first."""

    REMOVED = "removed"
    RECREATED = "recreated"
    REFUSED = "refused"
    STOPPED = "stopped"
    OPENED = "opened"
    CLOSED = "closed"
    UPGRADED = "upgraded"
    RESTARTED = "restarted"
    STALE = "stale"
    KEPT = "kept"
    RELEASED = "released"


@dataclass(frozen=True)
class Danger:
    """A dangerous change.

    id: the rule's, such as `immutable-field`
    object: what it happens to, `Deployment kubeflow/web`, or the application
    field: where in it; empty for the whole
    message: one sentence: what it costs, and the way around it where there is one
    """

    id: str
    outcome: Outcome
    application: str
    object: str
    file: str
    field: str
    message: str


Rule = Callable[[Difference], Iterator[Danger]]
RULES: dict[str, Rule] = {}


def danger(identifier: str) -> Callable[[Rule], Rule]:
    """Register a rule under its id."""

    def register(rule: Rule) -> Rule:
        if identifier in RULES:
            raise ValueError(f"danger {identifier} is registered twice")
        RULES[identifier] = rule
        return rule

    return register


def costs(
    identifier: str, outcome: Outcome, change: ObjectChange, message: str, path: Path | str = ""
) -> Danger:
    """A danger of one object."""
    resource = change.resource
    field = path if isinstance(path, str) else shown(path)
    return Danger(
        identifier, outcome, resource.application, str(resource), resource.origin.file, field, message
    )


def dangers(difference: Difference) -> list[Danger]:
    """Every danger, the worst first, then in the order of the applications."""
    for module in pkgutil.iter_modules(rules.__path__, f"{rules.__name__}."):
        importlib.import_module(module.name)
    found = [each for identifier in sorted(RULES) for each in RULES[identifier](difference)]
    worst = list(Outcome)
    order = {each.name: position for position, each in enumerate(difference.applications)}
    return sorted(
        found,
        key=lambda each: (worst.index(each.outcome), order.get(each.application, 0), each.id, each.object),
    )
