"""Blobs of a local store: each content once, in a file named by its SHA-256, read-only and never changed.

A blob gets its final name only after its bytes are on disk. Paths are plain strings here, and calls those of
`os`: with ten thousand files a commit, pathlib would be a third of the time.
"""
# ruff: noqa: PTH103, PTH104, PTH108, PTH116, PTH120

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from pylib.errors import StoreError
from pylib.store.copying import clone, copy_hashed, flush, open_regular, read_all, write_all
from pylib.store.protocol import File

SMALL = 4 << 20
"""Files up to this size, in bytes, are read at once; larger ones are cloned or streamed."""

_BATCH = 64
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_WORKERS = max(2, min(8, os.cpu_count() or 1))
_In = TypeVar("_In")
_Out = TypeVar("_Out")


class Blobs:
    """The blobs below `root`: `blobs/<2 digits>/<62 digits>`, read-only."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "blobs"
        self._folder = str(self.folder)

    def path(self, sha256: str) -> Path:
        """Return where the blob is."""
        return self.folder / sha256[:2] / sha256[2:]

    def has(self, sha256: str, size: int) -> bool:
        """Tell whether the blob is there with this size; its content is not read."""
        try:
            return os.stat(f"{self._folder}/{sha256[:2]}/{sha256[2:]}").st_size == size
        except FileNotFoundError:
            return False

    def read(self, file: File) -> bytes:
        """Return a file's content, verified."""
        with self.opened(file) as descriptor:
            data = read_all(descriptor, file.size)
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise self.damaged(file)
        return data

    @contextlib.contextmanager
    def opened(self, file: File) -> Iterator[int]:
        """Give a descriptor to read a file's content from, not verified."""
        try:
            descriptor = os.open(self.path(file.sha256), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise StoreError(
                f"blob {file.sha256} of {file.path} is missing from {self.root}: restore it"
            ) from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def damaged(self, file: File) -> StoreError:
        """Return the error for a blob whose content is not what its name says."""
        return StoreError(
            f"blob {self.path(file.sha256)} of {file.path} is damaged: delete it and commit the file again"
        )

    @contextlib.contextmanager
    def stage(self) -> "Iterator[Staging]":
        """Give a way to add blobs; those that were not published by its end are deleted."""
        staging = Staging(self)
        try:
            yield staging
        finally:
            staging.discard()


class Staging:
    """New blobs of one commit, before they are published.

    Each lies beside its final place, as `<62 digits>.<token>`: one crowded folder for all of them would
    cost twice the time on ext4. Who finds a name with a dot and holds the store's lock may delete it.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._folder = str(blobs.folder)
        self._suffix = f".{secrets.token_hex(8)}"
        self._staged: set[str] = set()

    def add(self, sources: Mapping[str, bytes | Path]) -> list[File]:
        """Stage what the store lacks, several files at a time; return all files, in the given order."""
        return parallel(self._add, list(sources.items()), "commit")

    def publish(self) -> None:
        """Give the staged blobs their final names, bytes first: both survive a power cut on return."""
        if not self._staged:
            return
        staged = sorted(self._staged)
        flush(staged, self._blobs.root)
        for path in staged:
            os.rename(path, path.removesuffix(self._suffix))
        flush([*{os.path.dirname(path) for path in staged}, self._folder], self._blobs.root)
        self._staged.clear()

    def discard(self) -> None:
        """Delete what is staged and was not published."""
        for path in self._staged:
            with contextlib.suppress(OSError):
                os.unlink(path)

    def _add(self, item: tuple[str, bytes | Path]) -> File:
        path, source = item
        if isinstance(source, bytes):
            return self._add_bytes(path, source)
        descriptor, size = open_regular(source)
        try:
            if size <= SMALL:
                return self._add_bytes(path, read_all(descriptor, size))
            return self._add_large(path, descriptor)
        finally:
            os.close(descriptor)

    def _add_bytes(self, path: str, data: bytes) -> File:
        sha256 = hashlib.sha256(data).hexdigest()
        if self._blobs.has(sha256, len(data)):
            return File(path, sha256, len(data))
        try:
            descriptor = self._create(sha256)
        except FileExistsError:  # an equal file of this commit; nothing is published before both are done
            return File(path, sha256, len(data))
        try:
            write_all(descriptor, data)
        finally:
            os.close(descriptor)
        return File(path, sha256, len(data))

    def _add_large(self, path: str, source: int) -> File:
        """Take a copy first and hash that copy: the user's file may change meanwhile."""
        temporary = f"00{secrets.token_hex(31)}"
        target = self._create(temporary)
        try:
            if clone(source, target):
                os.lseek(target, 0, os.SEEK_SET)
                sha256, size = copy_hashed(target, None)
            else:
                sha256, size = copy_hashed(source, target)
        finally:
            os.close(target)
        self._settle(temporary, None if self._blobs.has(sha256, size) else sha256)
        return File(path, sha256, size)

    def _create(self, sha256: str) -> int:
        path = self._path(sha256)
        try:
            descriptor = os.open(path, _NEW, 0o444)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            descriptor = os.open(path, _NEW, 0o444)
        self._staged.add(path)
        return descriptor

    def _settle(self, temporary: str, sha256: str | None) -> None:
        """Rename a staged blob to what it turned out to be, or delete it where the store has that already."""
        old = self._path(temporary)
        if sha256:
            self._staged.add(self._path(sha256))
            os.makedirs(os.path.dirname(self._path(sha256)), exist_ok=True)
            os.rename(old, self._path(sha256))
        else:
            os.unlink(old)
        self._staged.discard(old)

    def _path(self, sha256: str) -> str:
        return f"{self._folder}/{sha256[:2]}/{sha256[2:]}{self._suffix}"


def parallel(
    function: Callable[[_In], _Out],
    items: Sequence[_In],
    label: str,
    *,
    workers: int = _WORKERS,
    batch: int = _BATCH,
) -> list[_Out]:
    """Apply the function to all items, several at a time, in order; after an error no new ones begin."""

    def apply(start: int) -> list[_Out]:
        return [function(item) for item in items[start : start + batch]]

    results: list[_Out] = []
    with (
        ThreadPoolExecutor(workers) as pool,
        tqdm(total=len(items), desc=label, unit="file", disable=None) as bar,
    ):
        try:
            for done in pool.map(apply, range(0, len(items), batch)):
                results += done
                bar.update(len(done))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return results


def on_disk(blobs: Blobs) -> Iterator[tuple[str, int]]:
    """Yield name and size of each blob that is there, needed or not; staged ones have a dot in the name."""
    for folder in sorted(blobs.folder.iterdir()):
        with os.scandir(folder) as entries:
            for entry in entries:
                yield folder.name + entry.name, entry.stat().st_size
