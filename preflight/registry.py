"""Rules: how a function becomes one, and how all of them are asked."""

import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

from preflight.errors import PreflightError
from preflight.findings import Finding, Judgement, Located, Pending, Problem, Problems, Said, told
from preflight.render.cluster import Render, Unchecked
from preflight.schemas.check import sound, well_formed

FAILED, UNUSED = "rule-failed", "unused-waiver"
# Findings that come of no rule.
BESIDE = {
    FAILED: "an error of preflight's own: what this rule would have found, nobody has looked for",
    UNUSED: "a waiver that outlives its reason hides the next finding of its kind",
}
FOLDER = Path(__file__).parent
Kinds = str | Collection[str]
Subjects = Callable[[Render], Iterable[Located]]
Remark = Unchecked | Pending
F = TypeVar("F", bound=Callable[..., Any])


class Phase(StrEnum):
    """What a rule is asked about.

    SCHEMAS: every object there is; of single objects, those whose mappings and lists are what they should be
    OBJECTS: those in which every value is of its type, so that rules read objects as their kinds have them
    """

    SCHEMAS = "schemas"
    OBJECTS = "objects"


@dataclass(frozen=True)
class Rule:
    """A rule with the reason it exists for; the reason is shown beside its findings."""

    id: str
    reason: str
    check: Callable[[Render], Problems]
    phase: Phase = Phase.OBJECTS


RULES: dict[str, Rule] = {}
REMARKS: list[Callable[[Render], Iterator[Remark]]] = []


def rule(
    identifier: str, reason: str, *, of: Kinds | Subjects | None = None, phase: Phase = Phase.OBJECTS
) -> Callable[[F], F]:
    """Register a function under its id.

    It is given the render and yields Problems. With `of`, kinds or a function from a render to subjects, it
    is given one subject, with the render before it where it takes two, and yields Faults. Raises ValueError
    for an id that is taken.
    """

    def register(function: F) -> F:
        if identifier in RULES:
            raise ValueError(f"rule {identifier} is registered twice")
        check: Any = function if of is None else partial(_each, function, of, phase)
        RULES[identifier] = Rule(identifier, reason, check, phase)
        return function

    return register


schema_rule = partial(rule, phase=Phase.SCHEMAS)


def remark(function: Callable[[Render], Iterator[Remark]]) -> Callable[[Render], Iterator[Remark]]:
    """Register what is told beside findings: what could not be compared, or is not finished."""
    REMARKS.append(function)
    return function


def reasons() -> dict[str, str]:
    """Why each id exists, of rules and of what comes of none."""
    return {**{each.id: each.reason for each in RULES.values()}, **BESIDE}


def judge(render: Render, rules: Iterable[Rule]) -> Judgement:
    """What the rules say of a render, each of the objects of its phase."""
    renders = {Phase.SCHEMAS: render, Phase.OBJECTS: well_formed(render)}
    return Judgement.of(said for each in rules for said in _ask(each, renders[each.phase]))


def ask(render: Render, rules: Iterable[Rule]) -> Judgement:
    """What the rules say of a render that is taken for well formed."""
    return Judgement.of(said for each in rules for said in _ask(each, render))


def run(render: Render, rules: Iterable[Rule]) -> list[Finding]:
    """Every finding of the rules, sorted, on such a render."""
    return ask(render, rules).findings


def _ask(each: Rule, render: Render) -> Iterator[Said]:
    """What a rule says; where it raises, that is a finding too, and what it said before counts."""
    try:
        for problem in each.check(render):
            yield told(each.id, problem)
    except PreflightError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is, the other rules count)
        yield _failed(each, error)


def _failed(each: Rule, error: Exception) -> Finding:
    """A fault of ours, where it was raised: the last place within this package, but for this module."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if FOLDER in Path(frame.filename).parents and frame.filename != __file__]
    frame = (own or frames)[-1]
    file = Path(frame.filename)
    at = file.relative_to(FOLDER.parent).as_posix() if FOLDER in file.parents else file.name
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    message = f"internal error in rule {each.id} at {at}:{frame.lineno}: {reason}; report it with this line"
    return Finding(FAILED, "", f"rule {each.id}", at, "", message)


def _each(function: Callable[..., Any], of: Kinds | Subjects, phase: Phase, render: Render) -> Problems:
    """A rule of single objects, asked about each; one that is malformed excuses it."""
    alone = len(signature(function).parameters) == 1
    for subject in of(render) if callable(of) else _of_kinds(render, of, phase):
        try:
            for fault in function(subject) if alone else function(render, subject):
                yield Problem(subject, *fault)
        except Exception:
            if phase is Phase.OBJECTS or _has_its_types(render, subject):
                raise


def _of_kinds(render: Render, kinds: Kinds, phase: Phase) -> Iterable[Located]:
    listed = (kinds,) if isinstance(kinds, str) else kinds
    return sound(render, *listed) if phase is Phase.SCHEMAS else render.of(*listed)


def _has_its_types(render: Render, subject: Located) -> bool:
    """Whether the schemas found every value of it to be of its type."""
    return any(each.place == subject.place for each in well_formed(render).resources)
