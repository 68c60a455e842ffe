"""The check before a push: render a cluster, run every rule on it, keep what no waiver covers."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pylib.cluster import rules, waivers
from pylib.cluster.findings import Finding, run
from pylib.cluster.render import Listener, Render, Unchecked, render
from pylib.cluster.schemas.check import well_formed


@dataclass(frozen=True)
class Report:
    """What the check says of one cluster.

    unchecked: what could not be rendered, or not be compared, and why
    seconds: wall time of the whole check
    """

    cluster: str
    findings: list[Finding]
    unchecked: list[Unchecked]
    waived: int
    rules: int
    applications: int
    objects: int
    definitions: int
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """Findings by rule."""
        return dict(Counter(finding.id for finding in self.findings).most_common())


def validate(
    tree: Path,
    cluster: str,
    listen: Listener = lambda _application: None,
    *,
    processes: int | None = None,
) -> Report:
    """Check what `tree` says of a cluster. Raises ClusterError only where nothing can be rendered at all."""
    started = time.monotonic()
    made = render(tree, cluster, listen, processes=processes)
    every = rules.every()
    sound = well_formed(made)
    of_schemas = [rule for rule in every if rule.id.startswith("schema-")]
    found = run(made, of_schemas) + run(sound, [rule for rule in every if rule not in of_schemas])
    findings, waived = waivers.apply(found, waivers.load(tree, cluster))
    return Report(
        cluster=cluster,
        findings=_of_what_was_rendered(findings, made),
        unchecked=[*_could_not_be_built(made), *rules.notes(sound)],
        waived=waived,
        rules=len(every),
        applications=len(made.applications) - 1,  # the root is what installs them
        objects=len(made.resources),
        definitions=len(made.by_kind.get("CustomResourceDefinition", [])),
        seconds=time.monotonic() - started,
    )


def _could_not_be_built(made: Render) -> list[Unchecked]:
    """What is missing here; what nobody can build is a finding."""
    return [each for each in made.unchecked if each not in made.broken]


def _of_what_was_rendered(findings: list[Finding], made: Render) -> list[Finding]:
    """Without the base that a waiver is for, nobody knows whether it is still needed."""
    return [finding for finding in findings if not (made.unchecked and finding.id == waivers.UNUSED)]
