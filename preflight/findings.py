"""What a check found: which rule, on which object, in which file and field, and what to do.

A rule that something is missing for says so as well where that may stand in an application that could not be
rendered: then nobody knows, and it is not judged.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from preflight.render.cluster import Render, Unchecked
from preflight.render.resources import Resource


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong.

    id: the rule's, such as `image-pinned`
    file: a path of this repository, or `OWNER/NAME@TAG:path` of an upstream one
    field: dotted path in the object, `spec.template.spec.containers[0].image`; empty for the whole object
    message: one sentence: what is wrong there and the likely fix
    cause: what it has in common with findings of other objects and other rules, `no pod of web has app=web`;
        empty where it stands alone
    """

    id: str
    application: str
    object: str
    file: str
    field: str
    message: str
    cause: str = ""


@dataclass(frozen=True, order=True)
class NotJudged:
    """What would be a finding, if what is missing did not perhaps stand where nobody could look.

    because: the applications that could not be rendered and may bring it, each with the reason
    """

    finding: Finding
    because: tuple[Unchecked, ...]


@dataclass(frozen=True, order=True)
class Pending:
    """What was looked at and is not finished yet, though nothing is wrong with it.

    application: what it is about, `images.lock`
    """

    application: str
    reason: str


Said = Finding | NotJudged
Check = Callable[[Render], Iterator[Said]]


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


@dataclass(frozen=True)
class Judgement:
    """All that rules say of a render, sorted."""

    findings: list[Finding]
    not_judged: list[NotJudged]

    def __add__(self, other: "Judgement") -> "Judgement":
        """What both say."""
        return Judgement(sorted(self.findings + other.findings), sorted(self.not_judged + other.not_judged))


def found(identifier: str, resource: Resource, field: str, message: str, cause: str = "") -> Finding:
    """A finding on one object."""
    file = resource.origin.file
    return Finding(identifier, resource.application, str(resource), file, field, message, cause)


def run(render: Render, rules: Iterable[Rule]) -> list[Finding]:
    """Every finding of the rules, sorted."""
    return judge(render, rules).findings


def judge(render: Render, rules: Iterable[Rule]) -> Judgement:
    """What the rules find, and what they could not judge."""
    said: list[Said] = []
    stopped: dict[str, Exception] = {}
    for each in rules:
        try:
            said.extend(each.check(render))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            stopped[each.id] = error
    findings = [each for each in said if isinstance(each, Finding)]
    not_judged = [each for each in said if isinstance(each, NotJudged)]
    return Judgement(sorted([*findings, *_stopped(stopped)]), sorted(not_judged))


def _stopped(rules: dict[str, Exception]) -> Iterator[Finding]:
    """One finding for all rules that stumbled over an object that is not of its kind's shape.

    Rules read objects as their kinds have them: where a word stands in a list's place, the schemas find it.
    """
    for error in list(rules.values())[:1]:
        reason = f"{type(error).__name__}: {error}"
        message = f"{', '.join(sorted(rules))} stopped at {reason}; fix what the schemas find, and ask again"
        yield Finding("rule-stopped", "", "some object", "cluster-conf", "", message)
