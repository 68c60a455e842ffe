"""Files on their way to and from pachd: names it accepts, hashes, one stream for all of a commit's files."""

import hashlib
import os
import tarfile
from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, cast
from urllib.parse import quote, unquote

import grpc
from pachyderm_sdk.api import pfs
from pachyderm_sdk.api.pfs.file import PFSFile
from tqdm import tqdm

from pylib.errors import StoreError
from pylib.store.blobs import parallel
from pylib.store.copying import open_regular
from pylib.store.pachd import Pachd
from pylib.store.protocol import File

_CHUNK = 4 << 20
_ACCEPTED = " \"#$&',-./:;<=>_`|~"
"""Printable ASCII besides letters and digits, less what Pachyderm takes for a pattern, and less %."""


def encode(path: str) -> str:
    """Return the path as Pachyderm accepts it; the characters that it refuses are percent-encoded."""
    return quote(path, safe=_ACCEPTED)


def decode(path: str) -> str:
    """Return the path that `encode` was given; Pachyderm's leading slash is dropped."""
    return unquote(path.lstrip("/"))


def hash_sources(sources: Mapping[str, bytes | Path]) -> list[File]:
    """Hash the files that are to be committed, several at a time."""
    return parallel(lambda item: _hashed(*item), list(sources.items()), "hash")


def hash_commit(pachd: Pachd, commit: pfs.Commit) -> list[File]:
    """Read a commit's files once, and return them hashed and sorted by path."""
    return sorted(_hashed(path, file) for path, file in tar_files(pachd, commit))


def upload(
    pachd: Pachd, sources: Mapping[str, bytes | Path], files: Collection[File], gone: Collection[str]
) -> str:
    """Send files and deletions as one file set; return its id. It expires unless a commit takes it up."""
    failures: list[Exception] = []

    def requests() -> Iterator[pfs.ModifyFileRequest]:
        try:
            yield from _deletions([*gone, *(file.path for file in files)])
            for file in tqdm(files, desc="upload", unit="file", disable=None):
                yield from _additions(file, sources[file.path])
        except (OSError, StoreError) as error:  # gRPC, which reads this in a thread of its own, hides it
            failures.append(error)
            raise

    try:
        return str(pachd.pfs.create_file_set(requests()).file_set_id)
    except grpc.RpcError as error:
        if failures:
            raise StoreError(f"nothing was committed: {failures[0]}") from failures[0]
        raise pachd.error("upload", error) from error


def tar_files(pachd: Pachd, commit: pfs.Commit) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield path and content of each file of a commit that has files, in one stream."""
    stream = pachd.pfs.get_file_tar(file=pfs.File(commit=commit, path="/"))
    try:
        reader = PFSFile(stream)
    except ValueError as error:  # what it makes of a failed call
        raise error.__cause__ or error from error
    with tarfile.open(fileobj=cast("IO[bytes]", reader), mode="r|") as archive:
        for member in archive:
            if member.isfile():
                yield decode(member.name), archive.extractfile(member) or BytesIO()


def _deletions(paths: Collection[str]) -> Iterator[pfs.ModifyFileRequest]:
    for path in sorted(paths):
        yield pfs.ModifyFileRequest(delete_file=pfs.DeleteFile(path=f"/{encode(path)}"))


def _additions(file: File, source: bytes | Path) -> Iterator[pfs.ModifyFileRequest]:
    """Yield a file in pieces; Pachyderm appends each to the former ones."""
    path, digest = f"/{encode(file.path)}", hashlib.sha256()
    yield pfs.ModifyFileRequest(add_file=pfs.AddFile(path=path, raw=b""))
    with _opened(source) as stream:
        while data := stream.read(_CHUNK):
            digest.update(data)
            yield pfs.ModifyFileRequest(add_file=pfs.AddFile(path=path, raw=data))
    if digest.hexdigest() != file.sha256:
        raise StoreError(f"{source!s} changed while it was read: commit it again")


def _hashed(path: str, source: bytes | Path | IO[bytes]) -> File:
    digest, size = hashlib.sha256(), 0
    with _opened(source) as stream:
        while data := stream.read(_CHUNK):
            digest.update(data)
            size += len(data)
    return File(path, digest.hexdigest(), size)


def _opened(source: bytes | Path | IO[bytes]) -> IO[bytes]:
    if isinstance(source, bytes):
        return BytesIO(source)
    if not isinstance(source, Path):
        return source
    try:
        return os.fdopen(open_regular(source)[0], "rb")
    except OSError as error:
        raise StoreError(f"{source}: {error.strerror}; nothing was committed") from error
