"""Verb `rules`: every rule of the check, with the reason that it exists for."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def rules(as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False) -> None:
    """List every rule: its id, what it is asked about, and why it exists."""
    from preflight.registry import BESIDE
    from preflight.rules import every

    listed = [{"id": rule.id, "phase": rule.phase.value, "reason": rule.reason} for rule in every()]
    listed += [{"id": name, "phase": "always", "reason": reason} for name, reason in BESIDE.items()]
    if as_json:
        print(json.dumps(listed, indent=2))  # noqa: T201
        return
    table = Table("id", "phase", "reason", box=None, pad_edge=False)
    for each in listed:
        table.add_row(*each.values())
    console = Console()
    console.print(table, soft_wrap=not console.is_terminal)
