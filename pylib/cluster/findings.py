"""What a check found: which rule, on which object, in which file and field, and what to do."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pylib.cluster.render import Render
from pylib.cluster.resources import Resource


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong.

    id: the rule's, such as `image-pinned`
    file: a path of this repository, or `OWNER/NAME@TAG:path` of an upstream one
    field: dotted path in the object, `spec.template.spec.containers[0].image`; empty for the whole object
    message: one sentence: what is wrong there and the likely fix
    """

    id: str
    application: str
    object: str
    file: str
    field: str
    message: str


Check = Callable[[Render], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """A rule with the reason it exists for; the reason is shown beside its findings."""

    id: str
    reason: str
    check: Check


RULES: dict[str, Rule] = {}


def rule(identifier: str, reason: str) -> Callable[[Check], Check]:
    """Register a check under its id."""

    def register(check: Check) -> Check:
        if identifier in RULES:
            raise ValueError(f"rule {identifier} is registered twice")
        RULES[identifier] = Rule(identifier, reason, check)
        return check

    return register


def found(identifier: str, resource: Resource, field: str, message: str) -> Finding:
    """A finding on one object."""
    return Finding(identifier, resource.application, str(resource), resource.origin.file, field, message)


def run(render: Render, rules: Iterable[Rule]) -> list[Finding]:
    """Every finding of the rules, sorted."""
    findings: list[Finding] = []
    stopped: dict[str, Exception] = {}
    for each in rules:
        try:
            findings.extend(each.check(render))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            stopped[each.id] = error
    return sorted([*findings, *_stopped(stopped)])


def _stopped(rules: dict[str, Exception]) -> Iterator[Finding]:
    """One finding for all rules that stumbled over an object that is not of its kind's shape.

    Rules read objects as their kinds have them: where a word stands in a list's place, the schemas find it.
    """
    for error in list(rules.values())[:1]:
        reason = f"{type(error).__name__}: {error}"
        message = f"{', '.join(sorted(rules))} stopped at {reason}; mend what the schemas find, and ask again"
        yield Finding("rule-stopped", "", "some object", "cluster-conf", "", message)
