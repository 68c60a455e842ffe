"""Which images were forgotten, by whom, when and why: `<SHA-256>.json` each, in a repository of the store.

An old commit goes on naming such an image. What shows or checks it asks here, so that what was taken away on
purpose is neither shown again nor taken for damage. The image itself is in no way a part of it.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from pydantic import ValidationError

from pylib.errors import NotFoundError, StoreError
from pylib.records import Record, first_error
from pylib.store.protocol import File, Store

REPOSITORY = "forgotten"


class Forgotten(Record):
    """That an image was forgotten: who asked for it, when (UTC, ISO 8601), and why, in words."""

    by: str
    time: str
    why: str

    def __str__(self) -> str:
        return f"forgotten {self.time[:10]}, asked by {self.by}" + (f": {self.why}" if self.why else "")


def remember(store: Store, digests: Collection[str], *, by: str, why: str) -> None:
    """Keep that the images of these SHA-256 are forgotten; of one that was before, the first reason stays."""
    record = Forgotten(by=by, time=datetime.now(UTC).isoformat(timespec="seconds"), why=why)
    known = forgotten(store)
    files = {f"{digest}.json": record.dumps() for digest in digests if digest not in known}
    if files:
        words = f"forgotten, asked by {by}: {why}"
        store.commit(REPOSITORY, files, mode="add", description=words)


def forgotten(store: Store) -> Mapping[str, Forgotten]:
    """All that were forgotten, by SHA-256; raises StoreError."""
    return {file.path.removesuffix(".json"): _read(store, file) for file in _files(store)}


def find(store: Store, digest: str) -> Forgotten | None:
    """Who had this image forgotten, when and why; None where nobody had. Raises StoreError."""
    found = _files(store, f"{digest}.json")
    return _read(store, found[0]) if found else None


def _files(store: Store, path: str = "") -> list[File]:
    try:
        return [file for file in store.ls(REPOSITORY, path) if file.path.endswith(".json")]
    except NotFoundError:  # nothing was forgotten yet
        return []


def _read(store: Store, file: File) -> Forgotten:
    try:
        return Forgotten.model_validate_json(store.read(REPOSITORY, file.path))
    except ValidationError as error:
        raise StoreError(f"{REPOSITORY}: {file.path} is damaged: {first_error(error)}") from error
