"""Verb `drift`: whether what a served model is asked, and answers, is still like what it learned from."""

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from pylib.errors import ConfigurationError, ServingError
from pylib.settings import settings

if TYPE_CHECKING:
    from pylib.drift.compare import Drift

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
NOTHING, DRIFTED = 3, 4
"""Exit status where nothing could be compared, and where something drifted; 1 is an error, as ever."""
_CLOCKS = timedelta(minutes=5)
"""By which a server's clock may be ahead; what is logged of later is none of the requests that were."""
_SAID = {None: "[dim]too few[/]", True: "[red]✗ drifted[/]", False: "[green]✓ steady[/]"}


def drift(
    name: Annotated[str | None, typer.Argument(help="Served model; default: the released one.")] = None,
    since: Annotated[str, typer.Option(help="How far back the log is read: 30m, 12h, 7d.")] = "7d",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Compare the logged answers of the released model with its training data; exit 4 where they drifted.

    Exit 3 where the log has no answer of it to compare, 1 for an error as ever.
    """
    from pylib.atomic import write_file
    from pylib.drift.compare import compare, values
    from pylib.drift.report import FILE, render
    from pylib.release.release import released
    from pylib.serving.reference import load_reference
    from pylib.store.request_log import records

    place, now = settings(), datetime.now(UTC)
    start = _start(now, since)
    served = released(place.release_repository, name)
    reference = load_reference(place.artifacts, served.digest)
    if reference is None:
        raise ServingError(
            f"model {served.digest[:12]} has no reference.json to compare with: evaluate and release it again"
        )
    logged = records(place.predictions, start, now + _CLOCKS)
    rows = [values(each, reference.task) for each in logged if each.get("model_digest") == served.digest]
    found = compare(reference, filter(None, rows))
    report = place.output / "drift" / served.name / FILE
    write_file(report, render(served.name, served.digest, f"{start:%Y-%m-%d %H:%M} UTC", found))
    if as_json:
        print(json.dumps([{**asdict(each), "drifted": each.drifted} for each in found], indent=2))  # noqa: T201
    else:
        _show(found, str(report))
    console = Console(stderr=True, soft_wrap=True)
    if unlike := rows.count({}):
        console.print(
            f"{unlike} of {len(rows)} logged answers have no figures of an image or answer: left out"
        )
    if not any(each.requests for each in found):
        console.print(f"no answer of {served.digest[:12]} since {start:%Y-%m-%d %H:%M} UTC to compare")
        raise typer.Exit(NOTHING)
    if any(each.drifted for each in found):
        raise typer.Exit(DRIFTED)


def _start(now: datetime, since: str) -> datetime:
    try:
        return now - _span(since)
    except OverflowError as error:
        raise ConfigurationError(f"since={since}: that is before there were years; give fewer") from error


def _span(text: str) -> timedelta:
    match = re.fullmatch(r"([1-9]\d{0,5})([mhd])", text)
    if not match:
        raise ConfigurationError(f"since={text}: give a number and m, h or d, as in 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _show(found: "list[Drift]", report: str) -> None:
    table = Table(box=None)
    table.add_column("feature")
    for column in ("items", "requests", "PSI", "threshold"):
        table.add_column(column, justify="right")
    table.add_column("")
    for each in found:
        figures = (sum(each.expected), each.requests, f"{each.index:.3f}", f"{each.threshold:.3f}")
        table.add_row(each.feature, *map(str, figures), _SAID[each.drifted])
    console = Console()
    console.print(table)
    console.print(f"report {report}", soft_wrap=True)
