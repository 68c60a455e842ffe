"""Verbs `features ls|gc`: the features of images that the artifact store keeps."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.filesize import decimal

from pylib.settings import settings

if TYPE_CHECKING:
    from pylib.features.gc import Table

features_app = typer.Typer(help="Features of images, kept in PYLIB_ARTIFACTS: ls, gc.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="print as JSON")]


@features_app.command()
def ls(as_json: AsJson = False) -> None:
    """List the tables: of which network, at which size, last used when."""
    from pylib.features.gc import tables

    _show(tables(settings().artifacts), as_json=as_json)


@features_app.command()
def gc(
    days: Annotated[float, typer.Option(min=1, help="how long a table must have been unused")] = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be deleted")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete the tables that no run has used for so many days; what is asked for again is computed again."""
    from pylib.features.gc import gc as collect

    found = collect(settings().artifacts, days=days, dry_run=dry_run)
    _show(found, as_json=as_json)
    if not as_json:
        verb = "would be deleted" if dry_run else "deleted"
        print(f"{len(found)} tables, {decimal(sum(table.size for table in found))} {verb}")  # noqa: T201


def _show(tables: "list[Table]", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([_facts(table) for table in tables], indent=2))  # noqa: T201
        return
    for table in tables:
        name = table.key.name if table.key else "of another version"
        used = f"{table.used.astimezone():%Y-%m-%d %H:%M}"
        print(f"{table.digest[:12]}  {used}  {decimal(table.size):>10}  {name}")  # noqa: T201


def _facts(table: "Table") -> dict[str, Any]:
    key = table.key.model_dump(mode="json") if table.key else None
    used = table.used.isoformat()
    return {"digest": table.digest, "used": used, "size": table.size, "key": key}
