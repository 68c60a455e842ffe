"""Verb `data forget`: an image taken away wherever that can be done, and proved gone."""

import getpass
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote, urlsplit

import typer

from pylib.errors import StoreError
from pylib.settings import settings
from pylib.store.forgotten import forgotten
from pylib.store.inbox import Inbox
from pylib.store.opening import open_store

if TYPE_CHECKING:
    from pylib.review.forget import Found, Places

_STAYS = {
    "history": "old commits still name it (a commit cannot be changed)",
    "models": "models learned from a commit with it",
    "kept": "other items have a file of the same bytes, which stays",
    "logs": "logs and reports name it",
}


def forget(
    name: Annotated[str, typer.Argument(help="an item's id, REPOSITORY:ID, or the image's SHA-256")],
    why: Annotated[str, typer.Option(help="the reason, in words; the commits keep it")],
    by: Annotated[str, typer.Option(help="who asks for it")] = "",
    purge: Annotated[
        bool, typer.Option("--purge", help="delete its bytes too, which old commits of a local store name")
    ] = False,
    repository: Annotated[str, typer.Option(help="in which the id is looked for; default: all")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say where it is")] = False,
    store: Annotated[str | None, typer.Option(help="where commits are kept; default: PYLIB_STORE")] = None,
) -> None:
    """Take an image from every head, the inbox, the log's images and the caches, and look again.

    Names what cannot be taken back: old commits, which hold its bytes until they are purged, and models that
    learned from it. Exit status 1 where it is still found.
    """
    from pylib.review import forget as forgetting

    places, opened = _places(), open_store(store or settings().store)
    if dry_run:
        _show(forgetting.look(name, opened, places, repository))
        return
    before = forgotten(opened)
    found = forgetting.forget(
        name, opened, places, by=by or getpass.getuser(), why=why, purge=purge, repository=repository
    )
    _show(found)
    for digest in sorted(found.digests & before.keys()):
        print(f"{digest} was {before[digest]}")  # noqa: T201
    digests = sorted(found.digests) or [name]
    left = [each for each in digests if not forgetting.look(each, opened, places).gone]
    if left:
        raise StoreError(
            f"{', '.join(left)}: still found after it was taken away: is a run or server at work?"
        )
    print(f"gone: {', '.join(digests)}")  # noqa: T201
    if found.kept:
        return
    if found.history and forgetting.bytes_are_kept(opened, digests):
        again = f"`pylib data forget {digests[0]} --why … --purge`"
        print(f"old commits still hold its bytes: {again} deletes them from a local store")  # noqa: T201
    elif found.history:
        print("its bytes are gone from old commits, too")  # noqa: T201


def _places() -> "Places":
    from pylib.review.forget import Places

    place = settings()
    artifacts = urlsplit(place.artifacts)
    local = [Path(unquote(artifacts.path)) / "models"] if artifacts.scheme in {"", "file"} else []
    return Places(
        inbox=Inbox(place.inbox),
        logs=[place.output],
        caches=[place.cache or place.output / "cache"],
        runs=[place.output / "runs"],
        models=local,
        log=place.predictions,
        artifacts=place.artifacts,
    )


def _show(found: "Found") -> None:
    for each in fields(found):
        lines = getattr(found, each.name)
        if each.name in {"items", "digests"} or not lines:
            continue
        print(f"{_STAYS.get(each.name, each.name)}:")  # noqa: T201
        for line in lines:
            print(f"  {line}")  # noqa: T201
