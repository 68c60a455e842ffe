"""Verb `validate`: what a push would do to a cluster, checked."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from preflight.cli.options import HERE, ClusterName, Tree, names, rendering
from preflight.errors import ClusterError, ConfigurationError


def validate(
    cluster: ClusterName = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="what could not be looked at is an error too")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False,
    sarif: Annotated[Path | None, typer.Option("--sarif", help="write SARIF 2.1.0 to this file too")] = None,
    tree: Tree = HERE,
) -> None:
    """Render every overlay and check it as far as can be done without a cluster; exit 1 on findings."""
    from preflight import report
    from preflight.validate import validate as check

    if sarif and not sarif.parent.is_dir():
        raise ConfigurationError(
            f"--sarif {sarif}: there is no folder {sarif.parent}; make it, or name another"
        )
    console = Console()
    with rendering(console) as listen:
        reports = [check(tree, name, listen) for name in names(tree, cluster)]
    if sarif:
        _write(sarif, report.as_sarif(reports, tree))
    if as_json:
        print(report.as_json(reports))  # noqa: T201
    else:
        for each in reports:
            console.print(report.table(each), soft_wrap=not console.is_terminal)
    findings = sum(len(each.findings) for each in reports)
    unchecked = sum(len(each.unchecked) for each in reports) if strict else 0
    not_judged = sum(len(each.not_judged) for each in reports) if strict else 0
    if findings:
        blind = f", {unchecked} not checked and {not_judged} not judged" if unchecked or not_judged else ""
        told = "fix them, or waive one with its reason in cluster-conf/waivers.yaml"
        raise ClusterError(f"{findings} findings{blind}; {told}")
    if unchecked or not_judged:
        raise ClusterError(
            f"0 findings in what could be looked at, and {unchecked} not checked, {not_judged} not judged; "
            "bring what they lack, or leave --strict out"
        )


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"--sarif {file}: {error.strerror}; name a file that can be written"
        ) from error
