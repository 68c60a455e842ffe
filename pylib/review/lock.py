"""One process at a time changes a branch of data: it commits what was accepted, or forgets an image.

In a folder the kernel holds the lock, and lets go of it however the process ends. In a bucket it is a lease:
that of a process that was killed runs out.
"""

import getpass
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from pylib.errors import ReviewError
from pylib.review.claims import Claims
from pylib.store.durable_folder import Folder
from pylib.store.inbox import Inbox

_HELD = timedelta(minutes=10)


@contextmanager
def turn(inbox: Inbox, repository: str, branch: str, by: str) -> Iterator[Callable[[], None]]:
    """Have the branch to oneself in the block; another process of the same person waits outside, too.

    Gives a function to call before what cannot be undone: it makes a lease longer. Raises ReviewError where
    another has the branch, or took it after the lease ran out; StoreError.
    """
    name, holder = f"commit-{repository}-{branch}", _holder(by)
    refused = f"{repository}@{branch}: {{}} changes it now: try again later"
    if isinstance(inbox.objects, Folder):
        with inbox.objects.alone(name, holder) as other:
            if other is not None:
                raise ReviewError(refused.format(other or "another process"))
            yield lambda: None
        return
    lock = Claims(inbox.objects, _HELD)

    def take() -> None:
        if not lock.take(name, holder):
            raise ReviewError(refused.format(lock.holder(name) or "another process"))

    take()
    try:
        yield take
    finally:
        lock.let_go(name, holder)


def _holder(by: str) -> str:
    who = by or getpass.getuser()
    return f"{who} (process {os.getpid()} on {socket.gethostname()}, {secrets.token_hex(4)})"
