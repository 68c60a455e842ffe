"""What the check found, for people (a table), for programs (JSON) and for pull requests (SARIF)."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from pylib.cluster.findings import RULES, Finding
from pylib.cluster.locate import line
from pylib.cluster.validate import Report

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def table(report: Report) -> RenderableType:
    """Findings, then what was not checked, then one line of counts."""
    parts: list[RenderableType] = []
    if report.findings:
        parts.append(_findings(report.findings))
    parts += [
        f"[yellow]not checked[/] {escape(', '.join(names))}: {escape(reason)}"
        for reason, names in _by_reason(report).items()
    ]
    return Group(*parts, summary(report))


def summary(report: Report) -> str:
    """One line: what was looked at, and what came out."""
    colour = "red" if report.findings else "green"
    return (
        f"[{colour}]{report.cluster}: {len(report.findings)} findings[/] in {report.applications} "
        f"applications, {report.objects} objects, {report.definitions} CRDs by {report.rules} rules; "
        f"{report.waived} waived, {len(report.unchecked)} not checked; {report.seconds:.1f} s"
    )


def as_json(reports: Iterable[Report]) -> str:
    """Everything, as a list with one object for each cluster."""
    return json.dumps([asdict(report) for report in reports], indent=2)


def as_sarif(reports: Iterable[Report], tree: Path) -> str:
    """SARIF 2.1.0; what stands in an upstream's file is put on the overlay that brings it."""
    findings = sorted({finding for report in reports for finding in report.findings})
    run = {
        "tool": {"driver": {"name": "pylib cluster validate", "rules": _rules(findings)}},
        "results": [_result(finding, tree) for finding in findings],
    }
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def _by_reason(report: Report) -> dict[str, list[str]]:
    """Twenty applications that lack one host are one line."""
    reasons: dict[str, list[str]] = {}
    for each in report.unchecked:
        reasons.setdefault(each.reason, []).append(each.application)
    return reasons


def _findings(findings: list[Finding]) -> Table:
    made = Table(box=None, pad_edge=False)
    made.add_column("rule", no_wrap=True)
    for name in ("object", "where", "what"):
        made.add_column(name, overflow="fold")  # a log is narrow, and half a path is none
    for finding in findings:
        where = f"{finding.file}\n[dim]{escape(finding.field)}[/]" if finding.field else finding.file
        made.add_row(f"[red]{finding.id}[/]", escape(finding.object), where, escape(finding.message))
    return made


def _rules(findings: list[Finding]) -> list[dict[str, Any]]:
    identifiers = sorted({finding.id for finding in findings})
    reasons = {name: RULES[name].reason if name in RULES else name for name in identifiers}
    return [{"id": name, "shortDescription": {"text": reason}} for name, reason in reasons.items()]


def _result(finding: Finding, tree: Path) -> dict[str, Any]:
    ours = (tree / finding.file).exists()
    place = finding.file if ours else f"cluster-conf/{finding.application}"
    at = f" at {finding.field}" if finding.field else ""
    return {
        "ruleId": finding.id,
        "level": "error",
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
