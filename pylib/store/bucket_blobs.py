"""Blobs of a store in a bucket: each content once, named by its SHA-256, verified as it is read."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from pylib.errors import StoreError
from pylib.store.blobs import SMALL, parallel
from pylib.store.checkout import make_parents, new_folder
from pylib.store.objects import Entry, Objects
from pylib.store.protocol import File
from pylib.store.sources import content_of

FOLDER = "blobs/"
AT_ONCE = 32
"""So many calls at a time: they wait for a server, not for a processor."""

_MANY = 1000  # so many are looked for by listing; with fewer, each is asked for

_parallel = partial(parallel, workers=AT_ONCE, batch=1)


class BucketBlobs:
    """The blobs in a bucket: `blobs/<2 digits>/<62 digits>`."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def read(self, file: File) -> bytes:
        """Return a file's content, verified."""
        found = self._objects.find(key(file.sha256))
        if not found:
            raise self._missing(file)
        if hashlib.sha256(found.data).hexdigest() != file.sha256:
            raise self._damaged(file)
        return found.data

    def write_folder(self, files: Sequence[File], target: Path) -> None:
        """Write files below `target`, a folder that is new or empty: all of them, verified, or none."""
        with new_folder(target) as folder:
            make_parents(folder, files)
            _parallel(lambda file: self._write(file, folder / file.path), files, "checkout")

    def upload(self, sources: Mapping[str, bytes | Path], files: Sequence[File], age: timedelta) -> None:
        """Upload each content that is not there whole, or is older than `age` and so may be collected."""
        wanted = {file.sha256: file for file in files}
        there = self.look(wanted)
        oldest = datetime.now(UTC) - age
        lacking = [
            file
            for sha256, file in wanted.items()
            if not (found := there.get(sha256)) or found.size != file.size or found.modified < oldest
        ]
        _parallel(lambda file: self._upload(sources[file.path], file), lacking, "upload")

    def look(self, digests: Collection[str]) -> dict[str, Entry]:
        """Return which of these contents are there; their sizes and times are the server's."""
        if len(digests) > _MANY:
            folders = sorted({sha256[:2] for sha256 in digests})
            listed = _parallel(lambda name: list(self._objects.entries(f"{FOLDER}{name}/")), folders, "look")
            entries = [entry for batch in listed for entry in batch]
        else:
            asked = _parallel(lambda sha256: self._objects.entry(key(sha256)), sorted(digests), "look")
            entries = [entry for entry in asked if entry]
        return {digest_of(entry.key): entry for entry in entries}

    def check(self, file: File) -> str | None:
        """Read a content to its end; say what is wrong with it, if anything is."""
        return None if self._read_digest(file) == file.sha256 else f"{key(file.sha256)} has another content"

    def digests(self, files: Sequence[File | None]) -> list[str | None]:
        """Return the SHA-256 of each content as the bucket has it now; None for one that is not there."""
        there = self.look({file.sha256 for file in files if file})
        return _parallel(
            lambda file: self._read_digest(file) if file and file.sha256 in there else None, files, "verify"
        )

    def _read_digest(self, file: File) -> str:
        digest = hashlib.sha256()
        for piece in self._objects.stream(key(file.sha256)):
            digest.update(piece)
        return digest.hexdigest()

    def _upload(self, source: bytes | Path, file: File) -> None:
        self._objects.put(key(file.sha256), content_of(source, file))

    def _write(self, file: File, target: Path) -> None:
        digest = hashlib.sha256()
        with target.open("xb") as written:
            for piece in self._content(file):
                digest.update(piece)
                written.write(piece)
        if digest.hexdigest() != file.sha256:
            raise self._damaged(file)

    def _content(self, file: File) -> Iterator[bytes]:
        if file.size > SMALL:
            yield from self._objects.stream(key(file.sha256))
        else:
            yield self.read(file)

    def _missing(self, file: File) -> StoreError:
        return StoreError(
            f"blob {file.sha256} of {file.path} is missing from {self._objects.url}: restore it"
        )

    def _damaged(self, file: File) -> StoreError:
        place = f"{self._objects.url}/{key(file.sha256)}"
        return StoreError(f"blob {place} of {file.path} is damaged: delete it and commit the file again")


def key(sha256: str) -> str:
    """Return the key of a content."""
    return f"{FOLDER}{sha256[:2]}/{sha256[2:]}"


def digest_of(blob: str) -> str:
    """Return the SHA-256 that a blob's key names."""
    return blob.removeprefix(FOLDER).replace("/", "", 1)
