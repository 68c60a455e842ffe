"""Findings by what they have in common: one mistake is one line, however many rules and objects see it.

Two findings are of one cause where their rules name the same, where one rule that names none says the same
of two objects, and where two rules meet at one field of an object.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from preflight.findings import Finding


@dataclass(frozen=True)
class Cause:
    """What is wrong in one place, and all that is found of it."""

    text: str
    findings: tuple[Finding, ...]

    @property
    def rules(self) -> list[str]:
        """The rules that see it."""
        return list(dict.fromkeys(each.id for each in self.findings))

    @property
    def objects(self) -> list[str]:
        """The objects in which it is seen."""
        return list(dict.fromkeys(each.object for each in self.findings))

    @property
    def messages(self) -> list[str]:
        """What the rules say, each once."""
        return list(dict.fromkeys(each.message for each in self.findings))


def causes(findings: Iterable[Finding]) -> list[Cause]:
    """Every finding once, with those of its cause, in their order."""
    listed = list(findings)
    groups: dict[int, list[Finding]] = defaultdict(list)
    for position, root in enumerate(_joined([list(_keys(each)) for each in listed])):
        groups[root].append(listed[position])
    return [Cause(_text(group), tuple(group)) for group in groups.values()]


def by_finding(findings: Iterable[Finding]) -> dict[Finding, str]:
    """The cause of each finding, in words."""
    return {finding: cause.text for cause in causes(findings) for finding in cause.findings}


def _keys(finding: Finding) -> Iterator[Hashable]:
    yield ("cause", finding.cause) if finding.cause else ("message", finding.id, finding.message)
    if finding.field:
        yield "field", finding.object, finding.field


def _joined(keys: list[list[Hashable]]) -> list[int]:
    """For each, the first one that it shares a key with, directly or through others."""
    first: dict[Hashable, int] = {}
    roots = list(range(len(keys)))

    def root(position: int) -> int:
        while roots[position] != position:
            position = roots[position]
        return position

    for position, own in enumerate(keys):
        for key in own:
            one, other = sorted((root(first.setdefault(key, position)), root(position)))
            roots[other] = one
    return [root(position) for position in range(len(keys))]


def _text(group: list[Finding]) -> str:
    """What its rules name as the cause, else what the first one says."""
    named = list(dict.fromkeys(each.cause for each in group if each.cause))
    if not named:
        return group[0].message
    return named[0] + (f" (and {len(named) - 1} more such)" if len(named) > 1 else "")
