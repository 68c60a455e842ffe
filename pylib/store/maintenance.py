"""`fsck` and `gc` for whichever store it is; Pachyderm has its own."""

from pylib.errors import StoreError
from pylib.store import bucket_fsck, bucket_gc
from pylib.store import fsck as local_fsck
from pylib.store import gc as local_gc
from pylib.store.bucket import BucketStore
from pylib.store.local import LocalStore
from pylib.store.protocol import Store


def fsck(store: Store, *, quick: bool = False) -> local_fsck.FsckReport:
    """Check the whole store beside its users; `quick` looks at the sizes of blobs, not at their content."""
    if isinstance(store, BucketStore):
        return bucket_fsck.fsck(store, quick=quick)
    return local_fsck.fsck(_local(store), quick=quick)


def gc(store: Store, *, dry_run: bool = False) -> local_gc.GcReport:
    """Delete what no commit needs."""
    if isinstance(store, BucketStore):
        return bucket_gc.gc(store, dry_run=dry_run)
    return local_gc.gc(_local(store), dry_run=dry_run)


def _local(store: Store) -> LocalStore:
    if isinstance(store, LocalStore):
        return store
    raise StoreError("this is Pachyderm, no store of pylib's own: it checks itself, with `pachctl fsck`")
