"""Verb `compare`: a champion and the canary or shadow beside it, by what they answered."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from pylib.errors import ReleaseError
from pylib.settings import settings

if TYPE_CHECKING:
    from pylib.evaluation.canary_comparison import SideBySide


def compare(
    name: Annotated[str | None, typer.Argument(help="Served model; default: the released one.")] = None,
    hours: Annotated[
        float | None, typer.Option(min=0, help="Only what was answered in the last so many hours.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Set a released model and its canary or shadow side by side: agreement, confidence, latency, counts.

    Read from the log of answers (PYLIB_PREDICTIONS), since the commit that put the second beside the first.
    `pylib models compare` has what both reached on the test split.
    """
    from pylib.evaluation.canary_comparison import compare as set_side_by_side
    from pylib.release.release import released
    from pylib.store.request_log import records

    served = released(settings().release_repository, name)
    if served.canary is None:
        raise ReleaseError(
            f"{served.name} has no canary and no shadow to compare: `pylib release … --canary 10` brings "
            "one; `pylib models compare` sets two registered models side by side"
        )
    since = _since(served.name, hours)
    logged = records(settings().predictions, since)
    beside = served.canary
    found = set_side_by_side(logged, served.digest, beside.values.digest, beside.name)
    if as_json:
        told = {
            "name": served.name,
            "traffic": beside.traffic,
            "shadow": beside.is_shadow,
            "since": str(since),
        }
        print(json.dumps({**told, "since": since.isoformat(), **dataclasses.asdict(found)}, indent=2))  # noqa: T201
        return
    Console().print(f"since {since:%Y-%m-%d %H:%M:%S} UTC", soft_wrap=True, highlight=False)
    _show(found, beside.name)


def _since(name: str, hours: float | None) -> datetime:
    """When both stood beside each other; later, where less was asked for."""
    from pylib.release.git import Git
    from pylib.release.history import canary_since

    brought = canary_since(Git(settings().release_repository), name)
    begun = brought.when.astimezone(UTC) if brought else datetime.min.replace(tzinfo=UTC)
    return begun if hours is None else max(begun, datetime.now(UTC) - timedelta(hours=hours))


def _show(found: "SideBySide", beside: str) -> None:
    table = Table("", f"champion {found.champion.digest[:12]}", f"{beside} {found.canary.digest[:12]}")
    sides = (found.champion, found.canary)
    table.add_row("answers", *(f"{side.answers:,}" for side in sides))
    table.add_row("mean confidence", *(_shown(side.confidence, 1, "") for side in sides))
    table.add_row("median", *(_shown(side.p50_seconds, 1000, " ms") for side in sides))
    table.add_row("99 of 100 within", *(_shown(side.p99_seconds, 1000, " ms") for side in sides))
    console, agreement = Console(), found.agreement
    console.print(table)
    if agreement.mean is None or agreement.low is None or agreement.high is None:
        console.print("no image was answered by both yet; a shadow sees every one", soft_wrap=True)
        return
    interval = f"95 % interval {agreement.low:.1%} to {agreement.high:.1%}"
    console.print(f"they agree by {agreement.mean:.1%} ({interval}) on {agreement.images:,} images of both")


def _shown(value: float | None, times: float, unit: str) -> str:
    return "" if value is None else f"{value * times:.3g}{unit}"
