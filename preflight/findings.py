"""What a check found: which rule, on which object, in which file and field, and what to do."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from preflight.render.cluster import Unchecked
from preflight.render.resources import Place


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong.

    id: the rule's, such as `mutable-image-tag`
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


class Located(Protocol):
    """What a rule can find something on: an object, a pod or container of one, or a file."""

    @property
    def place(self) -> Place:
        """Where people find it."""


class Bringing(Protocol):
    """An application that could not be rendered, and may bring what is missing."""

    @property
    def title(self) -> str:
        """As people find it."""

    @property
    def reason(self) -> str:
        """Why it could not be rendered."""


class Fault(NamedTuple):
    """What a rule of single objects finds on the one that it is given; a plain pair will do.

    unless: what may bring that which is missing; if there is some, nobody knows, and it is not judged
    """

    field: str
    message: str
    cause: str = ""
    unless: Iterable[Bringing] = ()


class Problem(NamedTuple):
    """What a rule of a whole render finds: a fault, and on what."""

    on: Located
    field: str
    message: str
    cause: str = ""
    unless: Iterable[Bringing] = ()


Faults = Iterator[tuple[str, str]]  # a field, and what is wrong there
Problems = Iterator[Problem]
Said = Finding | NotJudged


def told(identifier: str, problem: Problem) -> Said:
    """A rule's problem as a finding, or as what could not be judged."""
    on, field, message, cause, unless = problem
    finding = Finding(identifier, on.place.application, on.place.object, on.place.file, field, message, cause)
    because = tuple(sorted({Unchecked(each.title, each.reason) for each in unless}))
    return NotJudged(finding, because) if because else finding


@dataclass(frozen=True)
class Judgement:
    """All that rules say of a render, sorted."""

    findings: list[Finding]
    not_judged: list[NotJudged]

    @classmethod
    def of(cls, said: Iterable[Said]) -> "Judgement":
        """What was said, apart; what applications of one set have in common is said once."""
        listed = set(said)
        return cls(
            sorted(each for each in listed if isinstance(each, Finding)),
            sorted(each for each in listed if isinstance(each, NotJudged)),
        )
