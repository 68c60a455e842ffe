"""The report of an ingest: report.json for programs, report.html for the person whose images these are."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import jinja2
from pydantic import Field

from pylib.atomic import write_file
from pylib.data import templates
from pylib.data.containers import UPRIGHT
from pylib.data.dataset import SPLITS, SplitName, parse
from pylib.data.findings import Finding, Rule, all_rules
from pylib.data.gallery import Gallery
from pylib.data.plan import Plan
from pylib.errors import DataError
from pylib.palette import HATCHING, class_colour
from pylib.records import Record
from pylib.settings import max_pixels

PAGE, DATA = "report.html", "report.json"
_SHOWN = 24  # kept items with a picture
_SHOWN_ASIDE = 60  # items with a picture in each kind of finding
_BINS = 16


class Counts(Record):
    """Samples that were looked at, those that are new in the commit, those rejected, all in the data set."""

    read: int
    kept: int
    rejected: int
    total: int


class Report(Record):
    """What report.json holds.

    `class_shares` are shares, 0…1, of what the task counts in the kept targets, such as pixels, less what is
    ignored; `ignored` are its shares of all of them, by id, where there is such; `sides`
    counts the data set's images by the length of their shorter side, as (from, to, count) in pixels;
    `splits` counts the data set's items; `assumed` says how the source was read; `exif_orientation` counts
    the images that EXIF turns.
    """

    format: Literal[1] = 1
    name: str
    source: str
    digest: dict[str, str]
    classes: dict[int, str]
    images: Counts
    splits: dict[SplitName, int]
    class_shares: dict[str, float]
    ignored: dict[int, float] = Field(default_factory=dict)
    sides: list[tuple[int, int, int]]
    findings: list[Finding]
    assumed: list[str] = Field(default_factory=list)
    exif_orientation: int = 0


def make_report(plan: Plan) -> Report:
    """Sum a plan up."""
    index = plan.index
    aside = len({finding.item for finding in plan.rejected})
    amounts = sum((Counter(sample.target.amounts) for sample in plan.samples), Counter[int]())
    total = max(1, amounts.total())
    counts = max(1, sum(amounts[number] for number in index.classes))
    return Report(
        name=index.name,
        source=plan.source.uri,
        digest=plan.source.digest,
        classes=index.classes,
        images=Counts(
            read=len(plan.layout.candidates), kept=len(plan.samples), rejected=aside, total=len(index.items)
        ),
        splits={name: len(index.split(name)) for name in SPLITS},
        class_shares={name: amounts[number] / counts for number, name in sorted(index.classes.items())},
        ignored={number: amounts[number] / total for number in index.ignored},
        sides=_histogram([min(item.width, item.height) for item in index.items]),
        findings=plan.findings,
        assumed=plan.assumed,
        exif_orientation=sum(sample.orientation != UPRIGHT for sample in plan.samples),
    )


def read_report(folder: Path) -> Report | None:
    """The report in a folder; None where there is none that this version reads."""
    try:
        return parse(Report, (folder / DATA).read_bytes(), str(folder / DATA))
    except (OSError, DataError):
        return None


def write_report(plan: Plan, folder: Path) -> Report:
    """Write report.json and report.html (with all pictures inside) into a folder; raises DataError."""
    report = make_report(plan)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_file(folder / DATA, report.dumps())
        write_file(folder / PAGE, _html(plan, report))
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{folder}: the report cannot be written ({reason}); name another folder") from error
    return report


def _html(plan: Plan, report: Report) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates.__path__),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    checks = plan.task.checks
    gallery = Gallery(
        plan.layout.candidates,
        plan.legend,
        checks,
        limit=plan.options.max_pixels or max_pixels(),
        sample_bits=plan.index.sample_bits,
    )
    step = max(1, len(plan.samples) // _SHOWN)
    return environment.get_template("report.html.j2").render(
        report=report,
        target=checks.TARGET,
        amounts=checks.AMOUNTS,
        colours=_colours(plan),
        hatching=HATCHING,
        kept=gallery.pictures([sample.id for sample in plan.samples[::step][:_SHOWN]]),
        kinds=_kinds(report.findings, gallery, checks.FINDINGS),
    )


def _colours(plan: Plan) -> dict[str, str]:
    """Of each class, as its masks show it; a label has none, which might contradict a class's name."""
    drawn = plan.task.checks.TARGET == "mask"
    return {name: class_colour(place) for place, name in enumerate(plan.index.class_names)} if drawn else {}


def _kinds(findings: list[Finding], gallery: Gallery, own: Mapping[str, Rule]) -> list[dict[str, Any]]:
    """Group findings by kind, in the order of the rules, each with the pictures of what it is about.

    A kind is `of_target` where a person has to look at the target to see it.
    """
    kinds = []
    for code, rule in all_rules(own).items():
        found = [finding for finding in findings if finding.code == code]
        if found:
            rows = [
                {
                    "finding": one,
                    "pictures": gallery.pictures([one.item, *one.related[:5]], readings=rule.risk),
                }
                for one in found[:_SHOWN_ASIDE]
            ]
            kind = {"code": code, "rule": rule, "rows": rows, "rest": found[_SHOWN_ASIDE:]}
            kinds.append(kind | {"of_target": code in own or code.startswith("duplicate")})
    return kinds


def _histogram(values: list[int]) -> list[tuple[int, int, int]]:
    if not values:
        return []
    low, high = min(values), max(values)
    width = max(1, -(-(high - low + 1) // _BINS))
    counts = Counter((value - low) // width for value in values)
    return [
        (low + width * number, low + width * (number + 1) - 1, counts[number])
        for number in range((high - low) // width + 1)
    ]
