"""What the check found, for people (a table), for programs (JSON) and for pull requests (SARIF).

The JSON is a list with an object for each cluster:

    cluster, tree                the cluster's name, and the folder that was looked at
    findings                     id, application, object, file, field, message, and cause: the same words for
                                 all that the table shows as one row
    unchecked                    application, reason: what could not be rendered, or not be compared
    not_judged                   finding, because: what would be a finding, if one of `because` (application,
                                 reason) did not perhaps bring what is missing
    pending                      application, reason: looked at and not finished, as an image without a digest
    broken                       application, reason: what nobody can build; each is a finding too
    waived, rules, applications, objects, definitions, seconds
                                 numbers
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from preflight.causes import Cause, by_finding, causes
from preflight.findings import Finding, NotJudged, Pending
from preflight.locate import line
from preflight.registry import reasons
from preflight.render.cluster import Unchecked
from preflight.validate import Report

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
SHOWN = 3


def table(report: Report) -> RenderableType:
    """Findings, then what was not looked at and what is not finished, then one line of counts."""
    parts: list[RenderableType] = []
    if report.findings:
        parts.append(_findings(report.findings))
    parts += [
        f"[yellow]not checked[/] {escape(', '.join(names))}: {escape(reason)}"
        for reason, names in by_reason(report.unchecked).items()
    ]
    parts += [f"[yellow]not judged:[/] {escape(each)}" for each in not_judged(report.not_judged)]
    parts += [f"[dim]not finished:[/] {escape(each)}" for each in not_finished(report.pending)]
    return Group(*parts, summary(report))


def summary(report: Report) -> str:
    """One line: what was looked at, and what came out; never green where something was not looked at."""
    colour = "red" if report.findings else "yellow" if report.blind else "green"
    of_causes = len(causes(report.findings))
    what = f"{len(report.findings)} findings"
    what += f" of {of_causes} cause{'s' * (of_causes != 1)}" if of_causes != len(report.findings) else ""
    what += " in what could be looked at" if report.blind else ""
    return (
        f"[{colour}]{report.cluster}: {what}[/] in {report.applications} "
        f"applications, {report.objects} objects, {report.definitions} CRDs by {report.rules} rules; "
        f"{report.waived} waived, {len(report.unchecked)} not checked, {len(report.not_judged)} not judged; "
        f"{report.seconds:.1f} s; in {escape(report.tree)}"
    )


def as_json(reports: Iterable[Report]) -> str:
    """Everything, as a list with one object for each cluster."""
    return json.dumps([_whole(report) for report in reports], indent=2)


def _whole(report: Report) -> dict[str, Any]:
    """A report with the cause of every finding in words, whether its rule names one or not."""
    texts = by_finding(report.findings)
    findings = [{**asdict(each), "cause": texts[each]} for each in report.findings]
    return {**asdict(report), "findings": findings}


def as_sarif(reports: Iterable[Report], tree: Path) -> str:
    """SARIF 2.1.0; what stands in an upstream's file is put on the overlay that brings it.

    What could not be looked at is a notification of the run, as the standard has it for a tool that could not
    do all of its work; what is not finished is a note.
    """
    made = list(reports)
    findings = sorted({finding for report in made for finding in report.findings})
    pending = sorted({each for report in made for each in report.pending})
    texts = by_finding(findings)
    run = {
        "tool": {"driver": {"name": "preflight validate", "rules": _rules(findings)}},
        "invocations": [
            {
                "executionSuccessful": True,
                "workingDirectory": {"uri": tree.resolve().as_uri()},
                "toolExecutionNotifications": [each for report in made for each in _notifications(report)],
            }
        ],
        "results": [_result(each, tree, texts[each]) for each in findings]
        + [_note(each) for each in pending],
    }
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def by_reason(unchecked: Iterable[Unchecked]) -> dict[str, list[str]]:
    """Twenty applications that lack one host are one line."""
    reasons: dict[str, list[str]] = {}
    for each in unchecked:
        reasons.setdefault(each.reason, []).append(each.application)
    return reasons


def not_judged(listed: Iterable[NotJudged]) -> list[str]:
    """A line for each rule that was switched off for some objects: how many, the first of them, and why."""
    groups: dict[tuple[str, tuple[Unchecked, ...]], list[str]] = {}
    for each in listed:
        groups.setdefault((each.finding.id, each.because), []).append(each.finding.object)
    return [
        f"{rule} {counted(objects)}, because {because(missing)}"
        for (rule, missing), objects in groups.items()
    ]


def counted(objects: Iterable[str]) -> str:
    """`3 objects (Service a/b, Service a/c and 1 more)`."""
    names = list(dict.fromkeys(objects))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{len(names)} object{'s' * (len(names) != 1)} ({', '.join(names[:SHOWN])}{more})"


def because(unchecked: tuple[Unchecked, ...]) -> str:
    """Who could not be rendered, and why; several reasons are listed with the applications already."""
    reasons = by_reason(unchecked)
    names = [each.application for each in unchecked]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    why = f": {next(iter(reasons)).partition('; ')[0]}" if len(reasons) == 1 else " (reasons above)"
    return f"{', '.join(names[:SHOWN])}{more} could not be rendered{why}"


def not_finished(pending: Iterable[Pending]) -> list[str]:
    """A line for each file: the first thing, and how many more."""
    groups: dict[str, list[str]] = {}
    for each in pending:
        groups.setdefault(each.application, []).append(each.reason)
    return [
        f"{name}: {reasons[0]}" + (f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else "")
        for name, reasons in groups.items()
    ]


def _notifications(report: Report) -> Iterator[dict[str, Any]]:
    for reason, names in by_reason(report.unchecked).items():
        text = f"{report.cluster}: not checked {', '.join(names)}: {reason}"
        yield {"level": "warning", "message": {"text": text}}
    for each in report.not_judged:
        text = f"{report.cluster}: not judged: {each.finding.object}: {each.finding.message}, unless it is in"
        text += f" what is not rendered, because {because(each.because)}"
        notification = {"level": "warning", "message": {"text": text}}
        yield {**notification, "associatedRule": {"id": each.finding.id}, "locations": [_location(each)]}


def _location(each: NotJudged) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": each.finding.file}}}


def _note(pending: Pending) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": pending.application}, "region": {"startLine": 1}}
    return {
        "ruleId": "not-finished",
        "level": "note",
        "message": {"text": pending.reason},
        "locations": [{"physicalLocation": place}],
    }


def _findings(findings: list[Finding]) -> Table:
    """A row for each cause: the rules that see it, its objects and the first place."""
    made = Table(box=None, pad_edge=False)
    made.add_column("rule", no_wrap=True)
    for name in ("object", "where", "what"):
        made.add_column(name, overflow="fold")  # a log is narrow, and half a path is none
    for cause in causes(findings):
        first = cause.findings[0]
        where = f"{first.file}\n[dim]{escape(first.field)}[/]" if first.field else first.file
        rules = "\n".join(f"[red]{each}[/]" for each in cause.rules)
        made.add_row(rules, escape(_objects(cause)), where, escape(_what(cause)))
    return made


def _objects(cause: Cause) -> str:
    return cause.objects[0] if len(cause.objects) == 1 else counted(cause.objects)


def _what(cause: Cause) -> str:
    """What is wrong, the first of what the rules say of it, and how many findings there are of it."""
    said = cause.messages[:SHOWN] if len(cause.rules) > 1 else cause.messages[:1]
    told = said if cause.text in (*cause.messages, "") else [cause.text, *said]
    more = f" ({len(cause.findings)} findings of one cause)" if len(cause.findings) > 1 else ""
    return "\n".join(told) + more


def _rules(findings: list[Finding]) -> list[dict[str, Any]]:
    known = reasons()
    return [
        {"id": name, "shortDescription": {"text": known.get(name, name)}}
        for name in sorted({finding.id for finding in findings})
    ]


def _result(finding: Finding, tree: Path, cause: str) -> dict[str, Any]:
    ours = (tree / finding.file).exists()
    place = finding.file if ours else f"cluster-conf/{finding.application}"
    at = f" at {finding.field}" if finding.field else ""
    return {
        "ruleId": finding.id,
        "level": "error",
        "properties": {"cause": cause},
        "message": {"text": f"{finding.object}{at}: {finding.message} ({finding.file})"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": place},
                    "region": {"startLine": line(tree, finding)},
                }
            }
        ],
    }
