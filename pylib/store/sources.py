"""The files that a caller commits, as bytes or by path: hashed first, and unchanged when they are sent."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pylib.errors import StoreError
from pylib.store.blobs import SMALL, parallel
from pylib.store.copying import CHUNK, copy_hashed, open_regular, read_all
from pylib.store.protocol import File


def hash_sources(sources: Mapping[str, bytes | Path]) -> list[File]:
    """Return all files with digest and size, in the given order."""
    return parallel(lambda item: _hashed(*item), list(sources.items()), "hash")


def content_of(source: bytes | Path, file: File) -> bytes | Iterator[bytes]:
    """Return the content, at once where it is small; raise `StoreError` where it has changed meanwhile.

    A large file's pieces come before its end is known, so the error comes in the place of the last one.
    """
    if isinstance(source, bytes):
        return source
    if file.size > SMALL:
        return _pieces(source, file)
    return b"".join(_pieces(source, file))


def _hashed(path: str, source: bytes | Path) -> File:
    if isinstance(source, bytes):
        return File(path, hashlib.sha256(source).hexdigest(), len(source))
    try:
        descriptor, _ = open_regular(source)
        try:
            return File(path, *copy_hashed(descriptor, None))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unreadable(source, error) from error


def _pieces(source: Path, file: File) -> Iterator[bytes]:
    digest, held = hashlib.sha256(), b""
    try:
        descriptor, _ = open_regular(source)
        try:
            while (
                piece := read_all(descriptor, file.size) if file.size <= SMALL else os.read(descriptor, CHUNK)
            ):
                digest.update(piece)
                if held:
                    yield held
                held = piece
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unreadable(source, error) from error
    if digest.hexdigest() != file.sha256:
        raise StoreError(f"{source} changed while it was read; nothing was committed: commit it again")
    yield held


def _unreadable(source: Path, error: OSError) -> StoreError:
    return StoreError(f"{source}: {error.strerror}; nothing was committed")
