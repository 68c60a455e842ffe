"""Deletes the blobs of a local store that no commit needs: what commits left that were killed or failed."""

from dataclasses import dataclass

from pylib.store.blobs import on_disk
from pylib.store.local import LocalStore


@dataclass(frozen=True)
class GcReport:
    """What was deleted (or would be): how many blobs, and their bytes."""

    blobs: int
    size: int


def gc(store: LocalStore, *, dry_run: bool = False) -> GcReport:
    """Delete what no commit needs.

    It holds the store's lock alone, so it waits for running commits and they for it: a blob that a commit
    has written, or found and counts on, is in the catalogue before its fate is looked at. Readers go on.
    """
    with store.catalogue() as records:
        records.repositories()  # there is no lock to take where there is no store
    with store.locked(exclusive=True), store.disk_errors():
        with store.catalogue() as records:
            needed = records.blobs()
        orphans = [(name, size) for name, size in on_disk(store.blobs) if name not in needed]
        if not dry_run:
            for name, _ in orphans:
                store.blobs.path(name).unlink()
    return GcReport(len(orphans), sum(size for _, size in orphans))
