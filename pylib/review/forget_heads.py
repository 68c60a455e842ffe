"""An image in the commits of a store: which one an id names, where it is, and a head made without it.

Only the bytes of images say what is forgotten: a mask may have the same bytes as another item's.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pylib.data.dataset import INDEX_FILE, DatasetIndex
from pylib.errors import NotFoundError, ReviewError
from pylib.provenance.digests import canonical, dir_hash
from pylib.provenance.statement import Definition, build_statement
from pylib.review.lock import unmoved
from pylib.review.origins import FOLDER
from pylib.store.bucket import BucketStore
from pylib.store.local import LocalStore
from pylib.store.protocol import Commit, File, Store

_SHA256 = re.compile(r"[0-9a-f]{64}")


def heads(store: Store) -> Iterator[Commit]:
    """The newest commit of every branch."""
    if isinstance(store, LocalStore):
        with store.catalogue() as records:
            rows = list(records.connection.execute("SELECT repository, name FROM branches ORDER BY 1, 2"))
        yield from (store.head(repository, branch) for repository, branch in rows)
    elif isinstance(store, BucketStore):
        store.open()
        yield from store.history.heads()
    else:  # Pachyderm's branches of pipelines are made again by them
        for repository in store.list_repositories():
            try:
                yield store.head(repository)
            except NotFoundError:
                continue


def images_of(name: str, store: Store, tips: list[Commit], repository: str = "") -> set[str]:
    """The SHA-256 of the image that a name means: at most one, of a head or else of the newest that had it.

    name: a SHA-256 itself, an item's id, or REPOSITORY:ID
    Raises ReviewError where the id means different images, as in two repositories.
    """
    if _SHA256.fullmatch(name):
        return {name}
    before, colon, after = name.partition(":")
    if colon and not repository and before in {head.repository for head in tips}:
        repository, name = before, after
    if repository and repository not in {head.repository for head in tips}:
        raise ReviewError(f"{repository}: no repository of this name; `pylib data ls` takes those there are")
    found: dict[str, str] = {}
    for head in tips:
        if repository in {"", head.repository} and (digest := _image_of(name, store, head)):
            found.setdefault(digest, f"{head.repository}:{name}")
    if len(found) > 1:
        those = ", ".join(f"{where} ({digest})" for digest, where in sorted(found.items()))
        raise ReviewError(
            f"{name}: {len(found)} images have this id, {those}: name one as REPOSITORY:ID, or by its SHA-256"
        )
    return set(found)


def _image_of(name: str, store: Store, head: Commit) -> str | None:
    """The SHA-256 of the image that has this id, in the newest commit of a branch where one has it."""
    for commit in store.log(head.repository, head.branch):
        index = read_index(store, commit)
        for item in index.items if index else ():
            if item.id == name:
                return item.image_sha256
    return None


def old_commits(store: Store, tips: Iterable[Commit]) -> Iterator[Commit]:
    """All that are no heads, each once."""
    tips = list(tips)
    seen = {head.id for head in tips}
    for head in tips:
        for commit in store.log(head.repository, head.branch):
            if commit.id not in seen:
                seen.add(commit.id)
                yield commit


def otherwise_named(store: Store, tips: Iterable[Commit], digests: Collection[str]) -> list[str]:
    """Where heads have a file of these bytes that is not an item's image: a mask, or a table."""
    return [
        f"{head.ref} ({head.branch}): {file.path}" for head in tips for file in files_of(store, head, digests)
    ]


def purge(store: LocalStore, digests: Collection[str]) -> None:
    """Delete the bytes of these images, but for what a head still names."""
    with store.locked(exclusive=True):
        named = {file.sha256 for head in heads(store) for file in files_of(store, head, digests)}
        for digest in set(digests) - named:
            store.blobs.path(digest).unlink(missing_ok=True)


def take_away(
    store: Store, head: Commit, digests: Collection[str], by: str, why: str, still_mine: Callable[[], None]
) -> None:
    """Commit the head without the items of these images, and without other files of their bytes.

    still_mine: of the turn at this branch
    Raises ReviewError where another commit came meanwhile, or the turn was lost.
    """
    started, index = datetime.now(UTC), read_index(store, head)
    gone = [item for item in index.items if item.image_sha256 in digests] if index else []
    stay = [item for item in index.items if item.image_sha256 not in digests] if index else []
    paths = {path for item in gone for path in item.files}
    paths |= {file.path for file in files_of(store, head, digests)}
    paths -= {path for item in stay for path in item.files}
    if not paths and not gone:
        return
    kept: dict[str, bytes | Path] = {}
    if index and gone:
        kept[INDEX_FILE] = index.model_copy(update={"items": stay}).dumps()
        kept |= _origins(store, head, {item.id for item in gone})
    there = {file.path: file.sha256 for file in store.ls(head.ref) if file.path not in paths}
    there |= {path: sha256(each).hexdigest() for path, each in kept.items() if isinstance(each, bytes)}
    items = sorted(item.id for item in gone)
    definition = _definition(head, index, items, sorted(digests), by, why)
    subject = {"name": head.repository, "digest": {"dirHash": dir_hash(there)}}
    statement = build_statement(definition, [subject], started, datetime.now(UTC))
    store.commit(
        head.repository,
        kept,
        branch=head.branch,
        mode="add",
        deletions=sorted(paths),
        description=canonical(statement).decode(),
        only_if=unmoved(head, still_mine, "forget again"),
    )


def _definition(
    head: Commit, index: DatasetIndex | None, items: list[str], digests: list[str], by: str, why: str
) -> Definition:
    """What was forgotten, of which head, who asked for it and why; the classes are those that it had."""
    parameters: dict[str, Any] = {
        "repository": head.repository,
        "branch": head.branch,
        "task": index.task if index else "",
        "classes": {str(number): name for number, name in index.legend.items()} if index else {},
        "add": True,
        "rejected": 0,
        "by": by,
        "message": why,
        "items": items,
        "images": digests,
    }
    source = {"name": "source", "uri": f"data:{head.ref}", "digest": {"sha256": head.tree}}
    return Definition("forget", parameters, (source,), __name__, index.task if index else None)


def _origins(store: Store, head: Commit, ids: Collection[str]) -> dict[str, bytes | Path]:
    """The records of who sent what, without those of these items."""
    kept: dict[str, bytes | Path] = {}
    for file in store.glob(head.ref, f"{FOLDER}/*.jsonl"):
        lines = store.read(head.ref, file.path).splitlines()
        kept[file.path] = b"".join(line + b"\n" for line in lines if json.loads(line)["item"] not in ids)
    return kept


def read_index(store: Store, commit: Commit) -> DatasetIndex | None:
    """The index of a commit; None where it is no data set."""
    if not store.glob(commit.ref, INDEX_FILE):
        return None
    return DatasetIndex.loads(store.read(commit.ref, INDEX_FILE))


def files_of(store: Store, commit: Commit, digests: Collection[str]) -> Iterator[File]:
    """The files of these digests; of a store that has no SHA-256 of its own, those of the index stand in."""
    return (file for file in store.ls(commit.ref) if file.sha256 in digests)
