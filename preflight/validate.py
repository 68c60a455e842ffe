"""The check before a push: render a cluster, run every rule on it, keep what no waiver covers."""

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from preflight import rules, waivers
from preflight.findings import Finding, NotJudged, Pending
from preflight.registry import judge
from preflight.render.cluster import Listener, Render, Unchecked, render
from preflight.schemas.check import well_formed


@dataclass(frozen=True)
class Report:
    """What the check says of one cluster.

    unchecked: what could not be rendered, or not be compared, and why
    not_judged: what would be findings, if what is missing did not perhaps stand in what could not be rendered
    pending: what was looked at and is not finished yet, as an image of ours without a digest
    broken: the applications that nobody can build, which are among the findings too
    seconds: wall time of the whole check
    tree: the folder that was looked at
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
    not_judged: list[NotJudged] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    broken: list[Unchecked] = field(default_factory=list)
    tree: str = ""

    @property
    def blind(self) -> bool:
        """Whether there is something that was not looked at."""
        return bool(self.unchecked or self.not_judged or self.broken)

    @property
    def counts(self) -> dict[str, int]:
        """Findings by rule."""
        return dict(Counter(finding.id for finding in self.findings).most_common())


def validate(
    tree: Path, cluster: str, listen: Listener = lambda _application: None, *, processes: int | None = None
) -> Report:
    """Check what `tree` says of a cluster. Raises ClusterError only where nothing can be rendered at all."""
    started = time.monotonic()
    made = render(tree, cluster, listen, processes=processes)
    every = rules.every()
    sound = well_formed(made)
    judgement = judge(made, every)
    remarks = list(rules.remarks(sound))
    listed = waivers.load(tree, cluster)
    open_ones, waived = waivers.apply(judgement, listed, sound)
    return Report(
        cluster=cluster,
        findings=open_ones.findings,
        unchecked=[*_could_not_be_built(made), *(each for each in remarks if isinstance(each, Unchecked))],
        waived=waived,
        rules=len(every),
        applications=len(made.applications) - 1,  # the root is what installs them
        objects=len(made.resources),
        definitions=len(made.by_kind.get("CustomResourceDefinition", [])),
        seconds=time.monotonic() - started,
        not_judged=open_ones.not_judged,
        pending=[*waivers.old_ids(listed), *(each for each in remarks if isinstance(each, Pending))],
        broken=made.broken,
        tree=str(tree.resolve()),
    )


def _could_not_be_built(made: Render) -> list[Unchecked]:
    """What is missing here; what nobody can build is a finding."""
    return [each for each in made.unchecked if each not in made.broken]
