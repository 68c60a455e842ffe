"""Findings that people decided to live with: each by rule and object, with the reason, in one file.

A waiver that matches nothing is a finding itself, so that the list never outlives its reasons.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from preflight.errors import ConfigurationError
from preflight.findings import Finding, Judgement, NotJudged, Said
from preflight.render.cluster import Render
from preflight.render.selection import bringing_named, unless_brought

FILE = "cluster-conf/waivers.yaml"
UNUSED = "waiver-unused"


class Waiver(BaseModel):
    """One waiver; `object` and `field` are patterns such as `Deployment kubeflow/*`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    object: str
    field: str = "*"
    clusters: tuple[str, ...] = ()
    reason: str = Field(min_length=10)

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is meant by it."""
        return (
            self.rule == finding.id
            and fnmatchcase(finding.object, self.object)
            and fnmatchcase(finding.field, self.field)
        )


def load(tree: Path, cluster: str) -> list[Waiver]:
    """The waivers that hold on a cluster; none where there is no file."""
    file = tree / FILE
    if not file.is_file():
        return []
    try:
        waivers = TypeAdapter(list[Waiver]).validate_python(yaml.safe_load(file.read_text()) or [])
    except (yaml.YAMLError, ValidationError) as error:
        reason = str(error).splitlines()[-2 if isinstance(error, ValidationError) else -1].strip()
        raise ConfigurationError(f"{FILE}: {reason}; a waiver has rule, object and reason") from error
    return [waiver for waiver in waivers if not waiver.clusters or cluster in waiver.clusters]


def apply(findings: Iterable[Finding], waivers: list[Waiver]) -> tuple[list[Finding], int]:
    """The findings that no waiver covers, one for each waiver without any, and how many are waived."""
    found = list(findings)
    used = {waiver for waiver in waivers if any(map(waiver.covers, found))}
    open_ones = [finding for finding in found if not any(waiver.covers(finding) for waiver in used)]
    unused = [_unused(waiver) for waiver in waivers if waiver not in used]
    return sorted(open_ones + unused), len(found) - len(open_ones)


def waived(judgement: Judgement, waivers: list[Waiver], render: Render) -> tuple[Judgement, int]:
    """What no waiver covers, and how many findings are waived.

    A waiver for what nobody could look at may still be needed: whether it is unused is not judged.
    """
    open_ones, count = apply(judgement.findings, waivers)
    doubts = [each.finding for each in judgement.not_judged]
    needed = {waiver for waiver in waivers if any(map(waiver.covers, doubts))}
    said: list[Said] = []
    for finding in open_ones:
        if finding.id != UNUSED:
            said.append(finding)
        elif finding not in map(_unused, needed):
            said.append(unless_brought(finding, bringing_named(render, finding.object)))
    not_judged = [each for each in judgement.not_judged if not any(w.covers(each.finding) for w in needed)]
    made = Judgement(
        [each for each in said if isinstance(each, Finding)],
        sorted(not_judged + [each for each in said if isinstance(each, NotJudged)]),
    )
    return made, count


def _unused(waiver: Waiver) -> Finding:
    message = f"nothing is found by {waiver.rule} there any more; remove the waiver"
    return Finding(UNUSED, "", waiver.object, FILE, waiver.field.replace("*", ""), message)
