"""A folder as objects by key: durable when a call returns, and written on conditions, as a bucket's are.

obstore's own folder has neither fsync nor If-Match; this one has the methods of `objects.Objects`.
A file appears by link(2) or rename(2), so readers and whoever comes after a kill see a whole one or none.
"""

import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pylib.errors import StoreError
from pylib.store.objects import Entry, Object, store_errors

_DRAFTS = ".drafts"
_LOCK = ".lock"
_HELD = ".held"
_LEFT_SECONDS = 3600
"""After which a draft is one that a killed process has left."""


class Folder:
    """Objects below a folder, `file:///folder` or a plain path. All methods raise `StoreError`."""

    def __init__(self, url: str) -> None:
        path = Path(unquote(urlsplit(url).path) if urlsplit(url).scheme else url).absolute()
        self.url = path.as_uri()
        self._root = path
        with store_errors(self.url):
            _make(path / _DRAFTS)
            self._clear_drafts()

    def find(self, key: str) -> Object | None:
        """Return the object, if there is one."""
        with store_errors(f"{self.url}/{key}"):
            try:
                data = self._path(key).read_bytes()
            except FileNotFoundError:
                return None
        return Object(data, hashlib.sha256(data).hexdigest())

    def entry(self, key: str) -> Entry | None:
        """Return size and time of an object, if there is one."""
        with store_errors(f"{self.url}/{key}"):
            return _entry(key, self._path(key))

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects in the folder `prefix` (objects have no deeper folders here)."""
        folder = self._path(prefix.rstrip("/"))
        with store_errors(f"listing of {self.url}/{prefix}"):
            paths = sorted(folder.iterdir()) if folder.is_dir() else []
            found = [_entry(f"{prefix.rstrip('/')}/{path.name}", path) for path in paths]
        yield from (entry for entry in found if entry)

    def put(self, key: str, data: bytes) -> None:
        """Write an object whatever was there; it appears whole and stays, whatever happens after."""
        with store_errors(f"writing {self.url}/{key}"), self._draft(key, data) as draft:
            draft.replace(self._path(key))

    def create(self, key: str, data: bytes) -> bool:
        """Write an object unless there is one; False where there is."""
        with store_errors(f"writing {self.url}/{key}"), self._draft(key, data) as draft:
            try:
                os.link(draft, self._path(key))
            except FileExistsError:
                return False
            return True

    def replace(self, key: str, data: bytes, e_tag: str) -> bool:
        """Write over the version with this ETag; False where another one is there, or none."""
        with self._locked():
            found = self.find(key)
            if not found or found.e_tag != e_tag:
                return False
            self.put(key, data)
            return True

    def delete(self, keys: list[str]) -> None:
        """Delete objects; those that are not there are no error."""
        with store_errors(f"deletion in {self.url}"), self._locked():
            for key in keys:
                self._path(key).unlink(missing_ok=True)
            for folder in {self._path(key).parent for key in keys}:
                if folder.is_dir():
                    _flush(folder)

    @contextmanager
    def alone(self, name: str, holder: str) -> Iterator[str | None]:
        """Hold the lock of this name, as `holder`; where somebody holds it, give who, and hold nothing.

        The kernel lets go of it when the process ends, however it does.
        """
        path = self._path(f"{_HELD}/{name}")
        with store_errors(f"lock of {self.url}"):
            _make(path.parent)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                other: str | None = path.read_text(encoding="utf-8", errors="replace")
            else:
                other = None
                os.ftruncate(descriptor, 0)
                os.write(descriptor, holder.encode())
            yield other
        finally:
            os.close(descriptor)

    @contextmanager
    def _draft(self, key: str, data: bytes) -> Iterator[Path]:
        """A file with the data on the disk; after the block, the folder of the key is on it too."""
        draft, folder = self._root / _DRAFTS / secrets.token_hex(16), self._path(key).parent
        _make(folder)
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            yield draft
            _flush(folder)
        finally:
            draft.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the folder's lock, which the kernel lets go of when the process ends, however it does."""
        with store_errors(f"lock of {self.url}"):
            descriptor = os.open(self._root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _path(self, key: str) -> Path:
        if any(part in {"", ".", ".."} for part in key.split("/")):
            raise StoreError(f"{key!r} is no key of an object in {self.url}")
        return self._root / key

    def _clear_drafts(self) -> None:
        for path in (self._root / _DRAFTS).iterdir():
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _LEFT_SECONDS:
                    path.unlink()


def _entry(key: str, path: Path) -> Entry | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return Entry(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))


def _make(folder: Path) -> None:
    """Make a folder and those above it, each of them on the disk before what is put into it."""
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush(folder.parent)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
