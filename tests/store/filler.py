"""A process that fills the disk with a commit, and prints what came of it as JSON.

usage: python filler.py STORE LIMIT, where LIMIT is the largest file the process may write, 0 for none.
"""

import json
import resource
import sys
from pathlib import Path

from pylib.errors import StoreError
from pylib.store.fsck import fsck
from pylib.store.gc import gc
from pylib.store.local import LocalStore

store, limit = LocalStore(Path(sys.argv[1])), int(sys.argv[2])
first = store.commit("pets", {"a": b"small"})
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
errors = []
for files in (
    {"large": bytes(8 << 20)},  # one blob is too much
    {f"{n:0200}": b"x" for n in range(20_000)},  # and so is the catalogue, where one blob is enough
):
    try:
        store.commit("pets", files)
    except StoreError as error:
        errors.append(str(error))
    blobs = list((store.root / "blobs").rglob("*.*"))
    found = fsck(store)
    errors.append({"ok": found.ok, "head": store.head("pets") == first, "staged": len(blobs)})
gc(store)
second = store.commit("pets", {"a": b"small too"})
sys.stdout.write(json.dumps({"errors": errors, "next": second.parent == first.id, "ok": fsck(store).ok}))
