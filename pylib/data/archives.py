"""Unpacking archives that nobody vouches for: tar (plain, gz, xz, bz2) and zip, within limits.

Only plain files and folders come out. Links, devices, paths that lead elsewhere, names that occur twice,
encryption, and contents out of all proportion (bombs) make the whole archive a DataError. tarfile and zipfile
only parse here: every byte and every name passes through `_Budget` first.
"""

import bz2
import gzip
import io
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import IO, cast

from tqdm import tqdm

from pylib.errors import DataError, one_line

_CHUNK = 1 << 20
_COMPRESSIONS = {b"\x1f\x8b": gzip, b"\xfd7zXZ\x00": lzma, b"BZh": bz2}
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    EOFError,
    ValueError,
    RuntimeError,  # RecursionError, from a chain of headers; NotImplementedError, an unknown compression
)


@dataclass(frozen=True)
class Limits:
    """How much may come out of an archive: members, bytes in all, bytes a member, and bytes out per byte in.

    The ratio counts from `ratio_from` bytes on, because a small archive of plain pictures packs very well.
    """

    members: int = 200_000
    total: int = 64 << 30
    member: int = 1 << 30
    ratio: int = 200
    ratio_from: int = 256 << 20


def unpack(archive: Path, folder: Path, limits: Limits | None = None) -> None:
    """Unpack a tar or zip, recognised by its content, into an existing folder.

    Raises DataError in one line for what is no archive, damaged, truncated or refused (see above); what came
    out until then stays in the folder, so let it be a temporary one.
    """
    try:
        budget = _Budget(archive, limits or Limits(), archive.stat().st_size)
        with tqdm(desc=f"unpack {archive.name}", unit="file", disable=None) as progress:
            for name, content in _contents(archive, budget):
                _write(folder / name, content, budget)
                progress.update()
    except _DAMAGED as error:
        raise DataError(
            f"{archive}: damaged or truncated archive ({one_line(error)}); fetch it again"
        ) from error
    except OSError as error:
        raise DataError(f"{archive}: could not be unpacked ({error.strerror or one_line(error)})") from error


class _Budget:
    """Counts what comes out of one archive, and ends it where it is too much."""

    def __init__(self, archive: Path, limits: Limits, size: int) -> None:
        self.archive, self.limits, self.size = archive, limits, size
        self.members = self.total = 0

    def refuse(self, why: str) -> DataError:
        return DataError(f"{self.archive}: refused, {why}")

    def admit(self, name: str, size: int) -> None:
        """Check a member before any of it is read: its number, its name and the size that it claims."""
        self.members += 1
        if self.members > self.limits.members:
            raise self.refuse(f"it has more than {self.limits.members:,} members")
        if not 0 <= size <= self.limits.member:
            raise self.refuse(f"{name!r} claims {size:,} bytes, a member may have {self.limits.member:,}")
        windows = PureWindowsPath(
            name
        )  # sees / and \, drives and shares: what is unsafe anywhere is unsafe here
        if windows.drive or windows.root or ".." in windows.parts or "\0" in name or not windows.parts:
            raise self.refuse(f"{name!r} leads out of the folder that it is unpacked to")

    def spend(self, count: int) -> None:
        """Take bytes into account as they come out."""
        self.total += count
        if self.total > self.limits.total:
            raise self.refuse(f"more than {self.limits.total:,} bytes come out of it")
        if self.total > max(self.limits.ratio_from, self.limits.ratio * self.size):
            raise self.refuse(f"more than {self.limits.ratio} times its size comes out of it, as from a bomb")


class _Counted(io.RawIOBase):
    """A decompressed stream that spends the budget as it is read.

    It refuses to read more than a chunk at once: a tar header may claim any length, and tarfile would read
    it into memory whole.
    """

    def __init__(self, stream: IO[bytes], budget: _Budget) -> None:
        self.stream, self.budget, self.last = stream, budget, b""

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= _CHUNK:
            raise self.budget.refuse(f"a header in it claims {size:,} bytes")
        self.last = self.stream.read(size)
        self.budget.spend(len(self.last))
        return self.last

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        return self.stream.tell()


def _contents(archive: Path, budget: _Budget) -> Iterator[tuple[str, IO[bytes]]]:
    with archive.open("rb") as stream:
        magic = stream.read(8)
    if magic.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        yield from _zip_contents(archive, budget)
        return
    with _decompressed(archive, magic) as stream:
        yield from _tar_contents(_Counted(stream, budget))


def _decompressed(archive: Path, magic: bytes) -> IO[bytes]:
    for start, module in _COMPRESSIONS.items():
        if magic.startswith(start):
            return cast(IO[bytes], module.open(archive, "rb"))
    return archive.open("rb")


def _tar_contents(stream: _Counted) -> Iterator[tuple[str, IO[bytes]]]:
    try:
        archive = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115
    except tarfile.ReadError as error:
        raise DataError(f"{stream.budget.archive}: neither a tar nor a zip archive, or damaged") from error
    with archive:
        for member in archive:
            stream.budget.admit(member.name, member.size)
            content = archive.extractfile(member) if member.isreg() and not member.issparse() else None
            if content:
                yield member.name, content
            elif not member.isdir():
                kind = (
                    f"a link to {member.linkname!r}" if member.issym() or member.islnk() else "no plain file"
                )
                raise stream.budget.refuse(f"{member.name!r} is {kind}; pack the files themselves")
    # tarfile takes a cut or damaged header for the end; the real end is a block of zeros.
    if stream.last != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("its end is missing")


def _zip_contents(archive: Path, budget: _Budget) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            budget.admit(info.filename, info.file_size)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.flag_bits & 1:
                raise budget.refuse(f"{info.filename!r} is encrypted; pack the files without a password")
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                what = "a link" if kind == stat.S_IFLNK else "no plain file"
                raise budget.refuse(f"{info.filename!r} is {what}; pack the files themselves")
            if not info.is_dir():
                with opened.open(info) as content:
                    yield info.filename, _Counted(content, budget)  # type: ignore[misc]


def _write(target: Path, content: IO[bytes], budget: _Budget) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("xb") as stream:
            shutil.copyfileobj(content, stream, _CHUNK)
    except FileExistsError as error:
        raise budget.refuse(f"{target.name!r} is in it twice") from error
