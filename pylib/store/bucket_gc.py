"""Deletes the objects of a store in a bucket that no commit needs: what killed or failed commits left.

Only what has been there for `GRACE`, a day, so nothing that a commit has just uploaded; and behind the fence,
so nothing that a commit has found and counts on. Commits that begin meanwhile wait for its end.
Parts of large uploads that were killed are no objects: a lifecycle rule of the bucket deletes them
(AbortIncompleteMultipartUpload).
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from pylib.store import bucket, bucket_blobs, bucket_fence, bucket_history
from pylib.store.blobs import parallel
from pylib.store.bucket import BucketStore
from pylib.store.conditional_writes import PROBES
from pylib.store.gc import GcReport
from pylib.store.objects import Entry
from pylib.store.protocol import Commit

_COLLECTED = (bucket_blobs.FOLDER, bucket_history.TREES, PROBES)
_BATCH = 1000  # what S3 deletes in one call

Touch = Callable[[], None]


def gc(store: BucketStore, *, dry_run: bool = False) -> GcReport:
    """Delete what no commit needs and is old enough."""
    store.open()
    found = _unneeded(store, datetime.now(UTC), lambda: None)
    if found and not dry_run:
        with store.fence.held() as mark:
            begun = store.objects.entry(bucket_fence.KEY)
            found = _unneeded(store, begun.modified if begun else datetime.now(UTC), mark.touch)
            for start in range(0, len(found), _BATCH):
                mark.touch()
                store.objects.delete([entry.key for entry in found[start : start + _BATCH]])
    return GcReport(len(found), sum(entry.size for entry in found))


def old_entries(store: BucketStore, now: datetime, touch: Touch = lambda: None) -> list[Entry]:
    """Return the objects that are old enough to go, where no commit needs them."""
    listed = (entry for folder in _COLLECTED for entry in _touching(store.objects.entries(folder), touch))
    return [entry for entry in listed if entry.modified < now - bucket.GRACE]


def _unneeded(store: BucketStore, now: datetime, touch: Touch) -> list[Entry]:
    """Return what is old, and no commit needs; the commits are read last, so that none of them is too new."""
    old = old_entries(store, now, touch)
    needed = _needed(store, touch) if old else set()
    return [entry for entry in old if entry.key not in needed]


def _needed(store: BucketStore, touch: Touch) -> set[str]:
    keys: set[str] = set()
    for digest in {commit.tree for commit in _history(store, touch)}:
        touch()
        keys.add(bucket_history.tree_key(digest))
        keys.update(bucket_blobs.key(file.sha256) for file in store.history.files(digest))
    return keys


def _history(store: BucketStore, touch: Touch) -> list[Commit]:
    """Return all commits; heads are read first, as one that is a head no more has its own object."""
    heads = list(store.history.heads())
    keys = [entry.key for entry in _touching(store.objects.entries(bucket_history.COMMITS), touch)]
    return heads + parallel(store.history.load, keys, "commits", workers=bucket_blobs.AT_ONCE, batch=1)


def _touching(entries: Iterator[Entry], touch: Touch) -> Iterator[Entry]:
    for entry in entries:
        touch()
        yield entry
