"""`fsck` and `gc` for whichever store it is; Pachyderm has its own."""

from dataclasses import replace

from pylib.errors import StoreError
from pylib.store import bucket_fsck, bucket_gc
from pylib.store import fsck as local_fsck
from pylib.store import gc as local_gc
from pylib.store.bucket import BucketStore
from pylib.store.forgotten import forgotten
from pylib.store.local import LocalStore
from pylib.store.protocol import Store


def fsck(store: Store, *, quick: bool = False) -> local_fsck.FsckReport:
    """Check the whole store beside its users; `quick` looks at the sizes of blobs, not at their content."""
    report = (
        bucket_fsck.fsck(store, quick=quick)
        if isinstance(store, BucketStore)
        else local_fsck.fsck(_local(store), quick=quick)
    )
    if any(problem.kind == "missing" for problem in report.problems):
        _set_apart_what_was_forgotten(report, store)
    return report


def gc(store: Store, *, dry_run: bool = False) -> local_gc.GcReport:
    """Delete what no commit needs."""
    if isinstance(store, BucketStore):
        return bucket_gc.gc(store, dry_run=dry_run)
    return local_gc.gc(_local(store), dry_run=dry_run)


def _set_apart_what_was_forgotten(report: local_fsck.FsckReport, store: Store) -> None:
    try:
        known = forgotten(store)
    except StoreError:  # that list is damaged itself, and among the problems
        return
    gone = [each for each in report.problems if each.kind == "missing" and each.subject in known]
    report.problems = [each for each in report.problems if each not in gone]
    report.forgotten = [replace(each, detail=str(known[each.subject])) for each in gone]


def _local(store: Store) -> LocalStore:
    if isinstance(store, LocalStore):
        return store
    raise StoreError("this is Pachyderm, no store of pylib's own: it checks itself, with `pachctl fsck`")
