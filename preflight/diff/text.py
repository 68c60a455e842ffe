"""A difference in a terminal: the dangers, then a tree of applications, objects and fields."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.tree import Tree

from preflight.diff.compare import ApplicationChange, Difference
from preflight.diff.condensed import condensed
from preflight.diff.dangers import Danger, Outcome
from preflight.diff.fields import ABSENT, FieldChange
from preflight.diff.lines import lines, value
from preflight.diff.paths import shown
from preflight.diff.summary import counted, rows, title

COLOURS = {
    "created": "green",
    "removed": "red",
    "changed": "yellow",
    "replaced": "magenta",
    "moved": "magenta",
    "recreated": "red",
}
SIGNS = {"-": "red", "+": "green", " ": "dim"}
SEVERE = {Outcome.REMOVED, Outcome.RECREATED, Outcome.REFUSED, Outcome.STOPPED}
ARROW = 130
INDENT = 11
MOST = 30


def text(difference: Difference, dangers: list[Danger], between: str) -> RenderableType:
    """Everything about one cluster."""
    head = f"[bold]{difference.cluster}[/]: {escape(between)}: {counted(difference.objects)}"
    parts: list[RenderableType] = [head, *_dangers(dangers)]
    parts += [
        f"[yellow]not compared[/] {escape(each.application)}: {escape(each.reason)}"
        for each in difference.not_compared
    ]
    return Group(*parts, *(_application(each) for each in difference.applications))


def _dangers(dangers: list[Danger]) -> Iterator[RenderableType]:
    """Two lines for each: what happens to which object, and below it what that costs."""
    for row in rows(dangers):
        colour = "bold red" if row.first.outcome in SEVERE else "yellow"
        head = f"[{colour}]{row.first.outcome:<10}[/] [bold]{row.first.id}[/] {escape(row.what)}"
        yield f"{head} [dim]{escape(row.first.field)}[/]"
        yield Padding(escape(row.first.message), (0, 0, 0, INDENT))


def _application(application: ApplicationChange) -> Tree:
    tree = Tree(f"[bold {COLOURS[application.verb]}]{escape(title(application))}[/]")
    for part in condensed(application):
        branch = tree.add(f"[{COLOURS[part.verb]}]{part.verb}[/] {escape(part.heading)}")
        for field in part.fields[:MOST]:
            _add(branch, field)
        for line in part.notes:
            branch.add(f"[dim]{escape(line.text)}[/]")
        if len(part.fields) > MOST:
            branch.add(f"[dim]… and {len(part.fields) - MOST} fields more; --json has them all[/]")
    return tree


def _add(branch: Tree, field: FieldChange) -> None:
    """One field, on one line where both values fit on it."""
    known = ABSENT not in (field.before, field.after) and not field.reordered
    arrow = f"{shown(field.path)}: {value(field.before)} → {value(field.after)}" if known else ""
    if known and len(arrow) <= ARROW and "\\n" not in arrow:
        branch.add(escape(arrow))
        return
    for line in lines([field]):
        branch.add(f"[{SIGNS[line.sign]}]{line.sign} {escape(line.text)}[/]")
