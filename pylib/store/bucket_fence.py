"""Between commits to a bucket and its garbage collection: an object that says whether one is running.

A bucket has no locks. A collection marks the object before it looks at anything and touches it while it
works; a commit reads it before it looks for what is there already, and again before it moves the branch. Has
one begun or ended in between, the commit looks again. A collection that was killed falls silent: the mark of
one that has not been touched for `SILENCE_SECONDS`, by the waiting commit's own clock, is taken away.
"""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pylib.errors import StoreError
from pylib.store.objects import Objects

KEY = "gc.json"
SILENCE_SECONDS = 300.0
"""Longer than one call of a collection can take, with all its retries (see `objects`)."""

_TOUCH_SECONDS = 20.0


class Fence:
    """The mark of one store."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def wait(self) -> str:
        """Return the mark's version as soon as no collection runs; empty where there never was one."""
        seen, since = "", time.monotonic()
        while True:
            found = self._objects.find(KEY)
            if not found or not json.loads(found.data)["running"]:
                return found.e_tag if found else ""
            if found.e_tag != seen:
                seen, since = found.e_tag, time.monotonic()
            elif time.monotonic() - since > SILENCE_SECONDS:
                self._objects.replace(KEY, _mark(running=False), found.e_tag)
            time.sleep(1)

    def unchanged(self, version: str) -> bool:
        """Tell whether no collection has begun since `wait` returned this version."""
        found = self._objects.find(KEY)
        return (found.e_tag if found else "") == version

    @contextmanager
    def held(self) -> Iterator["Mark"]:
        """Mark that a collection runs, until the end of the block."""
        version = self.wait()
        mark = Mark(self._objects, version)
        try:
            yield mark
        finally:
            mark.end()


class Mark:
    """The mark of a collection that runs."""

    def __init__(self, objects: Objects, version: str) -> None:
        self._objects = objects
        self._version = version
        self._write()

    def touch(self) -> None:
        """Say that the collection goes on, where that was not said lately: before each look and deletion."""
        if time.monotonic() - self._touched > _TOUCH_SECONDS:
            self._write()

    def end(self) -> None:
        """Say that the collection is over."""
        self._objects.replace(KEY, _mark(running=False), self._version)

    def _write(self) -> None:
        data = _mark(running=True)
        if self._version:
            self._objects.replace(KEY, data, self._version)
        else:
            self._objects.create(KEY, data)
        found = self._objects.find(KEY)  # an answer may be lost, so what counts is what is there
        if not found or found.data != data:
            raise self._lost()
        self._version, self._touched = found.e_tag, time.monotonic()

    def _lost(self) -> StoreError:
        return StoreError(
            f"gc of {self._objects.url}: another one runs, or this one was too slow: run it again"
        )


def _mark(*, running: bool) -> bytes:
    return json.dumps({"running": running, "token": secrets.token_hex(8)}).encode()
