"""Findings that people decided to live with: each by rule and object, with the reason, in one file.

A waiver that matches nothing is a finding itself, so that the list never outlives its reasons.
"""

from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from preflight.errors import ConfigurationError
from preflight.findings import Finding, Judgement, Pending, Problem, Said, told
from preflight.platform.bringing import bringing_named
from preflight.registry import FAILED, UNUSED, reasons
from preflight.render.cluster import Render
from preflight.render.resources import Place

FILE = "cluster-conf/waivers.yaml"


class Waiver(BaseModel):
    """One waiver; `object` and `field` are patterns such as `Deployment kubeflow/*`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    object: str
    field: str = "*"
    clusters: tuple[str, ...] = ()
    reason: str = Field(min_length=10)

    @property
    def id(self) -> str:
        """The rule's id, also where it is written as it was before."""
        return renamed().get(self.rule, self.rule)

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is meant by it; an error of preflight's own never is."""
        return (
            self.id == finding.id != FAILED
            and fnmatchcase(finding.object, self.object)
            and fnmatchcase(finding.field, self.field)
        )


def load(tree: Path, cluster: str) -> list[Waiver]:
    """The waivers that hold on a cluster; none where there is no file."""
    file = tree / FILE
    if not file.is_file():
        return []
    try:
        waivers = TypeAdapter(list[Waiver]).validate_python(
            yaml.safe_load(file.read_text(encoding="utf-8")) or []
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "content"
        reason = f"{place}: {first['msg']}"
        raise ConfigurationError(f"{FILE}: {reason}; a waiver has rule, object and reason") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{FILE}: {' '.join(str(error).split())}; write it as YAML") from error
    return [waiver for waiver in waivers if not waiver.clusters or cluster in waiver.clusters]


def apply(judgement: Judgement, waivers: list[Waiver], render: Render) -> tuple[Judgement, int]:
    """What no waiver covers, one finding for each waiver without any, and how many are waived.

    A waiver for what nobody could look at may still be needed: whether it is unused is not judged.
    """
    open_ones = [each for each in judgement.findings if not _covered(each, waivers)]
    doubts = [each.finding for each in judgement.not_judged]
    needed = [waiver for waiver in waivers if any(map(waiver.covers, doubts))]
    failed = {each.object for each in judgement.findings if each.id == FAILED}  # nobody knows what they waive
    unused = [
        waiver
        for waiver in waivers
        if f"rule {waiver.id}" not in failed and not any(map(waiver.covers, judgement.findings))
    ]
    said: list[Said] = [told(UNUSED, _unused(each, render)) for each in unused if each not in needed]
    said += [each for each in judgement.not_judged if not _covered(each.finding, needed)]
    return Judgement.of([*open_ones, *said]), len(judgement.findings) - len(open_ones)


def old_ids(waivers: list[Waiver]) -> list[Pending]:
    """The waivers that name a rule by an id that it had before."""
    old = dict.fromkeys(each.rule for each in waivers if each.rule != each.id)
    return [Pending(FILE, f"rule {each} is called {renamed()[each]} now; write that") for each in old]


@cache
def renamed() -> dict[str, str]:
    """The ids that rules had before, with those that they have now."""
    made: dict[str, str] = yaml.safe_load(
        (Path(__file__).parent / "rules/renamed.yaml").read_text(encoding="utf-8")
    )
    return made


def _covered(finding: Finding, waivers: list[Waiver]) -> bool:
    return any(waiver.covers(finding) for waiver in waivers)


def _unused(waiver: Waiver, render: Render) -> Problem:
    message = f"nothing is found by {waiver.id} there any more; remove the waiver"
    if waiver.id not in reasons():
        near = get_close_matches(waiver.id, reasons(), n=1)
        known = f"did you mean {near[0]}?" if near else "`preflight rules` lists those there are"
        message = f"no rule is called {waiver.id}; {known}"
    place, field = Place("", waiver.object, FILE), waiver.field.replace("*", "")
    return Problem(place, field, message, unless=bringing_named(render, waiver.object))
