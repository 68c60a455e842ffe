"""Log records on their way to a folder or a bucket: gathered, and written by a thread of its own.

Who answers a request only appends to a list. A place that is down delays nobody: what it does not take is
kept and tried again, up to a limit of bytes; beyond it the newest is dropped, and counted.
"""

import logging
import threading
import time
import uuid
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import obstore

from pylib.errors import StoreError
from pylib.store.objects import open_url, store_errors
from pylib.store.request_log import IMAGES, RECORDS, key

if TYPE_CHECKING:
    from obstore.store import ObjectStore

logger = logging.getLogger(__name__)

MAX_RECORDS, MAX_SECONDS = 1000, 10.0
"""Of one object: a batch is written when it has so many records, or its first one is so old."""
MAX_BYTES = 16 << 20
"""Of all that waits, images among it."""
_LOOK, _WAIT, _END = 0.25, 5.0, 5.0
"""Seconds: between two looks, after a failure, and for what waits when the server ends."""
_KNOWN_IMAGES = 1024


class _Parcel(NamedTuple):
    """An object to be written, and how many records it holds; an image is one."""

    key: str
    data: bytes
    records: int


class Batches:
    """Records and images to be written below the URL; threads may share it, processes have one each.

    The thread starts with the first record, so that it may be made before a fork. It ends with `close`, or
    with the program, and writes what waits before that.
    """

    def __init__(
        self, url: str, *, records: int = MAX_RECORDS, seconds: float = MAX_SECONDS, bytes_: int = MAX_BYTES
    ) -> None:
        self.url, self.dropped = url, 0
        self._records, self._seconds, self._bytes = records, seconds, bytes_
        self._changed = threading.Condition()
        self._open: list[bytes] = []
        self._since = 0.0
        self._sealed: deque[_Parcel] = deque()
        self._waiting = 0
        self._images: dict[str, None] = {}
        self._thread: threading.Thread | None = None
        self._closing = False
        self._store: ObjectStore | None = None

    def append(self, line: bytes) -> None:
        """Take one record, a line with its end; it is dropped where too much waits."""
        with self._changed:
            if not self._takes(len(line)):
                return
            if not self._open:
                self._since = time.monotonic()
            self._open.append(line)
            if len(self._open) >= self._records:
                self._seal()
                self._changed.notify()

    def put_image(self, sha256: str, data: bytes) -> None:
        """Take an image; one that was taken today already is not written again."""
        name = key(IMAGES, datetime.now(UTC).date(), sha256)
        with self._changed:
            if name not in self._images and self._takes(len(data)):
                self._images[name] = None
                if len(self._images) > _KNOWN_IMAGES:
                    del self._images[next(iter(self._images))]
                self._sealed.append(_Parcel(name, data, 1))

    def close(self) -> None:
        """Write what waits, for at most five seconds; what is left is dropped, and what comes later."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread:
            self._thread.join()

    def _takes(self, size: int) -> bool:
        if self._closing or self._waiting + size > self._bytes:
            self.dropped += 1
            return False
        self._waiting += size
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="prediction log")
            self._thread.start()
        return True

    def _seal(self) -> None:
        now = datetime.now(UTC)
        name = key(RECORDS, now.date(), f"{now:%H%M%S}-{uuid.uuid4().hex}.jsonl")
        self._sealed.append(_Parcel(name, b"".join(self._open), len(self._open)))
        self._open = []

    def _run(self) -> None:
        ends = threading.main_thread()
        while ends.is_alive() and not self._closing:
            with self._changed:
                if not self._sealed:
                    self._changed.wait(_LOOK)
                if self._open and time.monotonic() - self._since >= self._seconds:
                    self._seal()
            if self._sealed and not self._write():
                self._pause(ends)
        self._finish()

    def _pause(self, ends: threading.Thread) -> None:
        until = time.monotonic() + _WAIT
        while time.monotonic() < until and ends.is_alive() and not self._closing:
            time.sleep(_LOOK)

    def _finish(self) -> None:
        with self._changed:
            self._closing = True
            if self._open:
                self._seal()
        until = time.monotonic() + _END
        while self._sealed and self._write() and time.monotonic() < until:
            pass
        if lost := sum(parcel.records for parcel in self._sealed):
            self.dropped += lost
            logger.error("the log %s did not take %d records before the end: they are lost", self.url, lost)

    def _write(self) -> bool:
        """Write the oldest object, whose name stays its own however often it is tried."""
        parcel = self._sealed[0]
        try:
            with store_errors(f"log {self.url}"):
                self._store = self._store or open_url(self.url, patience=timedelta(seconds=_END))
                obstore.put(self._store, parcel.key, parcel.data, use_multipart=False)
        except StoreError as error:
            logger.warning("%s; %d bytes wait", error, self._waiting)
            return False
        with self._changed:
            self._sealed.popleft()
            self._waiting -= len(parcel.data)
        return True
