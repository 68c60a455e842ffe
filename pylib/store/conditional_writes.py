"""Makes sure that an S3 server keeps conditional writes, which move the branches of a store in a bucket.

A server that does not know If-Match and If-None-Match ignores them, and one that looks first and writes then
lets several of a race win (SeaweedFS before 4.18 did: https://github.com/seaweedfs/seaweedfs/issues/8800).
Either would lose commits without a word, so such a server is refused.
"""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from pylib.errors import StoreError
from pylib.store.objects import Objects, endpoint

PROBES = "probes/"
"""Where the objects lie that a check makes and deletes again."""

NO_VERSION = '"00000000000000000000000000000000"'
"""An ETag that no object has."""

_RACERS = 8
_ROUNDS = 2


def check_thoroughly(objects: Objects) -> None:
    """Raise `StoreError` unless conditional writes are kept, one after another and in a race."""
    key = f"{PROBES}{secrets.token_hex(8)}"
    raced = [f"{key}-{number}" for number in range(_ROUNDS)]
    try:
        objects.create(key, b"first")
        check(objects, key, b"first")
        for other in raced:
            _one_wins(objects, partial(objects.create, other))
            found = objects.find(other)
            _one_wins(objects, partial(objects.replace, other, e_tag=found.e_tag if found else NO_VERSION))
    finally:
        objects.delete([key, *raced])


def check(objects: Objects, key: str, data: bytes) -> None:
    """Raise `StoreError` where the object at `key`, whose content is `data`, can be written nevertheless."""
    if objects.create(key, data) or objects.replace(key, data, NO_VERSION):
        raise _refused(objects, "the server ignores If-None-Match or If-Match")


def _one_wins(objects: Objects, write: Callable[[bytes], bool]) -> None:
    with ThreadPoolExecutor(_RACERS) as pool:
        won = sum(pool.map(write, [secrets.token_bytes(16) for _ in range(_RACERS)]))
    if won > 1:
        raise _refused(objects, f"{won} of {_RACERS} conditional writes that raced were told that they won")


def _refused(objects: Objects, why: str) -> StoreError:
    place = endpoint() or "Amazon"
    return StoreError(
        f"{objects.url} at {place}: {why}, so writers would lose commits of each other: "
        "use Amazon S3, SeaweedFS from 4.18 on or another server with atomic conditional writes"
    )
