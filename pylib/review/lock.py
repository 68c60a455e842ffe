"""One process at a time changes a branch of data: it commits what was accepted, or forgets an image.

In a folder the kernel holds the lock, and lets go of it however the process ends. In a bucket it is a lease
that its holder renews while it works: of a process that was killed it runs out in a minute. One that was
paused for longer may come back when another has the branch, so it asks at the last moment, in the store's
`only_if`, and whoever comes after it fences the head before he says what is there.
"""

import getpass
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from pylib.errors import ReviewError, StoreError
from pylib.review.claims import Claims
from pylib.store.durable_folder import Folder
from pylib.store.inbox import Inbox
from pylib.store.protocol import Commit, OnlyIf

LEASE = timedelta(seconds=60)
_BEATS = 4
"""Renewals in the time of a lease."""


@contextmanager
def turn(
    inbox: Inbox, repository: str, branch: str, by: str, *, lease: timedelta = LEASE
) -> Iterator[Callable[[], None]]:
    """Have the branch to oneself in the block; another process of the same person waits outside, too.

    lease: how long one in a bucket outlives its holder
    Gives a function to call before what cannot be undone: it raises ReviewError where another has had the
    branch meanwhile. Raises ReviewError where another has the branch; StoreError.
    """
    name, holder = f"commit-{repository}-{branch}", _holder(by)
    refused = f"{repository}@{branch}: {{}} changes it now"
    if isinstance(inbox.objects, Folder):
        with inbox.objects.alone(name, holder) as other:
            if other is not None:
                raise ReviewError(f"{refused.format(other or 'another process')}: try again later")
            yield lambda: None
        return
    held = _Lease(Claims(inbox.objects, lease), name, holder, refused)
    with held.renewed(lease / _BEATS):
        yield held.renew


def unmoved(head: Commit, still_mine: Callable[[], None], again: str) -> OnlyIf:
    """What a commit that was made of this head asks: that the branch is still one's own, and where it was.

    again: what to do where another commit came
    """

    def check(now: Commit | None) -> None:
        still_mine()
        if now is None or now.id != head.id:
            where = f"{head.repository}@{head.branch}"
            raise ReviewError(f"{where}: another commit came while this one was checked: {again}")

    return check


class _Lease:
    """The lease of one holder; its methods raise ReviewError where another has it, StoreError."""

    def __init__(self, claims: Claims, name: str, holder: str, refused: str) -> None:
        self._claims, self._name, self._holder, self._refused = claims, name, holder, refused
        self._one = threading.Lock()  # two renewals at once would take each other for another holder

    def renew(self) -> None:
        """Hold it anew, if nobody else has had it meanwhile."""
        with self._one:
            if not self._claims.renew(self._name, self._holder):
                raise self._error()

    @contextmanager
    def renewed(self, every: timedelta) -> Iterator[None]:
        """Hold it in the block."""
        if not self._claims.take(self._name, self._holder):
            raise self._error()
        ended = threading.Event()
        beat = threading.Thread(target=self._beat, args=(every, ended), name="lease", daemon=True)
        beat.start()
        try:
            yield
        finally:
            ended.set()
            beat.join()
            self._claims.let_go(self._name, self._holder)

    def _beat(self, every: timedelta, ended: threading.Event) -> None:
        with suppress(ReviewError):  # the holder is told so as soon as it asks
            while not ended.wait(every.total_seconds()):
                with suppress(StoreError):  # the place may answer again before the lease has run out
                    self.renew()

    def _error(self) -> ReviewError:
        other, left = self._claims.holder(self._name), self._claims.seconds_left(self._name)
        if not other:
            return ReviewError(f"{self._refused.format('another process')}: try again")
        said = f"if it was killed, it is free in {left:.0f} s, else at its end: try again then"
        return ReviewError(f"{self._refused.format(other)}; {said}")


def _holder(by: str) -> str:
    who, since = by or getpass.getuser(), f"{datetime.now(UTC):%H:%M:%S} UTC"
    where = f"process {os.getpid()} on {socket.gethostname()}"
    return f"{who} ({where}, since {since}, {secrets.token_hex(4)})"
