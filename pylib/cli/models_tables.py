"""What the verbs `models …` show of the registry, as tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from pylib.cli.tables import console

if TYPE_CHECKING:
    from pylib.registry.versions import Version

Pairs = Mapping[str, Sequence[Any]]


def listed(name: str, versions: "Iterable[Version]", served: str) -> None:
    """Print the versions of a model; `served` is the digest that Git says is served."""
    table = Table(title=name, title_justify="left", box=None, padding=(0, 1, 0, 0))
    for column in ("no.", "digest", "score", "gate", "alias", "registered", "data"):
        table.add_column(column, overflow="fold", no_wrap=column in {"no.", "digest"})
    for each in versions:
        gate = "[green]passed[/]" if each.verdict == "passed" else f"[red]{each.verdict}[/]"
        alias = ", ".join([*each.aliases, *(["served"] if each.digest == served else [])])
        when = each.registered.astimezone().strftime("%Y-%m-%d")
        cells = (str(each.number), each.digest[:12], each.score)
        table.add_row(*map(escape, cells), gate, alias, when, escape(short(each.data_commit, 8)))
    console().print(table)


def shown(facts: Mapping[str, Any], parameters: Mapping[str, str], measured: Mapping[str, float]) -> None:
    """Print all that is known of one version."""
    to, table = console(), Table(show_header=False, box=None)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for field, value in facts.items():
        words = ", ".join(value) if isinstance(value, tuple) else str(value)
        table.add_row(field.replace("_", " "), escape(words))
    to.print(table)
    for title, found in (("parameter", parameters), ("metric", measured)):
        values = Table(title)
        values.add_column("value", overflow="fold")
        for key, value in found.items():
            values.add_row(escape(key), escape(_text(value)))
        to.print(values if found else f"no {title} of it is recorded")


def beside(one: "Version", other: "Version", differ: Pairs, metrics: Pairs, note: str) -> None:
    """Print two versions side by side, what should be known before the figures are compared first."""
    to, table = console(), Table("", str(one), str(other), "difference")
    if note:
        to.print(f"[yellow]![/] {escape(note)}", soft_wrap=True)
    for key, (a, b) in [("data", (one.data_commit, other.data_commit)), *differ.items()]:
        table.add_row(escape(key), escape(short(_text(a))), escape(short(_text(b))), "")
    table.add_section()
    for key, (a, b) in metrics.items():
        change = f"{b - a:+.4g}" if a is not None and b is not None else ""
        table.add_row(escape(key), _text(a), _text(b), change)
    to.print(table)


def pairs(one: Mapping[str, Any], other: Mapping[str, Any], *, equal: bool) -> dict[str, Sequence[Any]]:
    """The values of both by name, with those that are equal or without."""
    both = {key: (one.get(key), other.get(key)) for key in sorted({*one, *other})}
    return {key: pair for key, pair in both.items() if equal or pair[0] != pair[1]}


def short(text: str, digits: int = 12) -> str:
    """A data commit as people read it."""
    repository, at, commit = text.partition("@")
    return f"{repository}{at}{commit[:digits]}" if at else text


def _text(value: object) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
