"""The options of a pipeline's training as its help shows them, below its parameters."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

if TYPE_CHECKING:
    from pylib.runners.options import Option


def show(parameter: str, options: Iterable["Option"]) -> None:
    """Print a table of what the parameter's JSON object may hold."""
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("name", style="bold cyan", no_wrap=True)
    for column, share in (("type and range", 3), ("default", 2), ("meaning", 5)):
        table.add_column(column, ratio=share)
    for each in options:
        kind = f"{each.kind} ({each.limits})" if each.limits else each.kind
        table.add_row(each.name, escape(kind), escape(each.default), escape(each.meaning))
    title = f'What --{parameter} takes, as JSON: --{parameter} \'{{"epochs": 10, "batch": 8}}\''
    Console().print(Panel(table, title=escape(title), title_align="left", border_style="dim"))
