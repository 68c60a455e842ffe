"""Files on their way to and from pachd: names it accepts, hashes, one stream for all of a commit's files."""

import hashlib
import os
import re
import tarfile
import time
from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, cast
from urllib.parse import quote, unquote

import grpc
from pachyderm_sdk.api import pfs
from tqdm import tqdm

from pylib.errors import StoreError
from pylib.store.copying import open_regular, read_all
from pylib.store.pachd import Pachd, reason
from pylib.store.protocol import File
from pylib.store.sources import hash_sources

_CHUNK = (4 << 20) - (64 << 10)
"""Bytes of a piece: with its path it passes where a server or a proxy has the limit of gRPC itself."""

_BLOCK, _BURST = 128 << 10, 8 << 20
_ADD_FILE, _DELETE_FILE = 2, 3
_FRESH_SECONDS = 300.0
_ACCEPTED = " \"#$&',-./:;<=>_`|~"
"""Printable ASCII besides letters and digits, less what Pachyderm takes for a pattern, and less %."""
_FOREIGN = re.compile(r"[^*?\[\]{}!()@+^\x00-\x1f\x7f-\U0010ffff]+")
"""What others may call a file."""


def encode(path: str) -> str:
    """Return the path as Pachyderm accepts it; the characters that it refuses are percent-encoded."""
    return quote(path, safe=_ACCEPTED)


def decode(name: str) -> str:
    """Return the path that `encode` was given, or what others named like no result of it, as it is.

    Pachyderm's leading slash is dropped.
    """
    path = unquote(name.lstrip("/"))
    return path if encode(path) == name.lstrip("/") else name.lstrip("/")


def names(path: str) -> list[str]:
    """Return what a file of this path may be called in Pachyderm: by us, and by others."""
    ours = encode(path)
    foreign = ours != path and decode(path) == path and _FOREIGN.fullmatch(path)
    return [f"/{ours}", f"/{path}"] if foreign else [f"/{ours}"]


def hash_commit(pachd: Pachd, commit: pfs.Commit) -> list[File]:
    """Read a commit's files once, and return them hashed and sorted by path."""
    return sorted(_hashed(path, file) for path, file in tar_files(pachd, commit))


class Upload:
    """New files on their way into a commit: hashed at once, sent as a file set when asked for.

    Nobody sees a file set, and pachd forgets it after ten minutes unless a commit takes it up.
    """

    def __init__(self, pachd: Pachd, sources: Mapping[str, bytes | Path]) -> None:
        self.files = hash_sources(sources)
        self._pachd = pachd
        self._sources = sources
        self._sent, self._sent_at = "", float("-inf")

    def filesets(self) -> list[str]:
        """Return the id of the file set with all files, sent unless it was a short time ago; or nothing."""
        if self.files and time.monotonic() - self._sent_at > _FRESH_SECONDS:
            self._sent = self._send()
            self._sent_at = time.monotonic()
        return [self._sent] if self.files else []

    def _send(self) -> str:
        failures: list[Exception] = []

        def requests() -> Iterator[bytes]:
            try:
                for file in tqdm(self.files, desc="upload", unit="file", disable=None):
                    yield from _additions(file, self._sources[file.path])
            except (OSError, StoreError) as error:  # gRPC, which reads this in its own thread, hides it
                failures.append(error)
                raise

        try:
            return self._pachd.create_file_set(_in_bursts(requests()))
        except grpc.RpcError as error:
            if failures:
                raise StoreError(f"nothing was committed: {failures[0]}") from failures[0]
            raise self._pachd.error("upload", error) from error


def upload_deletions(pachd: Pachd, gone: Collection[str]) -> str:
    """Send the paths of files that the next commit leaves out or replaces as a file set; return its id."""
    deleted = sorted(name for path in gone for name in names(path))
    with pachd.errors("upload of deletions"):
        return pachd.create_file_set(_encoded(_DELETE_FILE, _encoded(1, name.encode())) for name in deleted)


def addition(name: str, data: bytes) -> bytes:
    """Encode `ModifyFileRequest(add_file=AddFile(path=name, raw=data))`, ten times as fast as the SDK."""
    return _encoded(_ADD_FILE, _encoded(1, name.encode()) + _encoded(3, _encoded(1, data)))


def _encoded(field: int, content: bytes) -> bytes:
    """Encode a protobuf field of bytes or of a message (protobuf.dev/programming-guides/encoding)."""
    size, length = bytearray(), len(content)
    while length > 0x7F:  # noqa: PLR2004 (seven bits a byte)
        size.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((field << 3 | 2, *size, length)) + content


def tar_files(pachd: Pachd, commit: pfs.Commit) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield path and content of each file of a commit, in one stream."""
    stream = _Stream(part.value for part in pachd.pfs.get_file_tar(file=pfs.File(commit=commit, path="/")))
    try:
        archive = tarfile.TarFile.open(fileobj=cast("IO[bytes]", stream), mode="r|", bufsize=_BLOCK)
    except grpc.RpcError as error:
        if "file / not found" in reason(error):
            return
        raise
    with archive:
        for member in archive:
            if member.isfile():
                yield decode(member.name), archive.extractfile(member) or BytesIO()


class _Stream:
    """What tarfile reads messages from: a block at most at a time, as it copies what is left of each."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._blocks = (part[at : at + _BLOCK] for part in parts for at in range(0, len(part), _BLOCK))

    def read(self, _size: int) -> bytes:
        return next(self._blocks, b"")


def _in_bursts(requests: Iterator[bytes]) -> Iterator[bytes]:
    """Yield requests a few MiB at a time, which pachd takes in faster than one now and then."""
    burst, size = [], 0
    for request in requests:
        burst.append(request)
        size += len(request)
        if size > _BURST:
            yield from burst
            burst, size = [], 0
    yield from burst


def _additions(file: File, source: bytes | Path) -> Iterator[bytes]:
    """Yield a new file in pieces, mostly one; Pachyderm appends each to the former ones."""
    name, digest = f"/{encode(file.path)}", hashlib.sha256()
    for piece in _pieces(source):
        digest.update(piece)
        yield addition(name, piece)
    if digest.hexdigest() != file.sha256:
        raise StoreError(f"{source!s} changed while it was read: commit it again")


def _hashed(path: str, source: bytes | Path | IO[bytes]) -> File:
    digest, size = hashlib.sha256(), 0
    for piece in _pieces(source):
        digest.update(piece)
        size += len(piece)
    return File(path, digest.hexdigest(), size)


def _pieces(source: bytes | Path | IO[bytes]) -> Iterator[bytes]:
    """Yield a content piece by piece; an empty one is one empty piece."""
    if isinstance(source, Path):
        yield from _pieces_of_file(source)
    elif isinstance(source, bytes):
        yield from (source[at : at + _CHUNK] for at in range(0, len(source) or 1, _CHUNK))
    else:
        while piece := source.read(_CHUNK):
            yield piece


def _pieces_of_file(path: Path) -> Iterator[bytes]:
    try:
        descriptor, size = open_regular(path)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; nothing was committed") from error
    try:
        piece = read_all(descriptor, size) if size < _CHUNK else os.read(descriptor, _CHUNK)
        yield piece
        while piece and (piece := os.read(descriptor, _CHUNK)):
            yield piece
    finally:
        os.close(descriptor)
