"""Unpacking archives that nobody vouches for: tar (plain, gz, xz, bz2) and zip, within limits.

Only plain files and folders come out. Devices, paths that lead elsewhere, names that occur twice, encryption,
and contents out of all proportion (bombs) make the whole archive a DataError. A link becomes a copy of the
file that it names, which must be in the archive, and before a hard link; any other is refused. Backslashes in
names are those of Windows, and lead into folders. tarfile and zipfile only parse here: every byte and every
name passes through `_Budget` first.
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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import IO, cast

from tqdm import tqdm

from pylib.data.archive_links import Link, plain_path, target
from pylib.errors import DataError, one_line

_CHUNK = 1 << 20
_COMPRESSIONS = {b"\x1f\x8b": gzip, b"\xfd7zXZ\x00": lzma, b"BZh": bz2}
_OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x1f\x9d": "compress",
}
_IS_UTF8 = 0x800  # the bit of a zip that says how names are written (APPNOTE 4.4.4)
_LONGEST_LINK = 4096  # bytes of a path, as Linux takes it
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


Member = tuple[str, IO[bytes]] | Link


def unpack(archive: Path, folder: Path, limits: Limits | None = None) -> None:
    """Unpack a tar or zip, recognised by its content, into an existing folder.

    Raises DataError in one line for what is no archive, damaged, truncated or refused (see above); what came
    out until then stays in the folder, so let it be a temporary one.
    """
    try:
        budget = _Budget(archive, limits or Limits(), archive.stat().st_size)
        with tqdm(desc=f"unpack {archive.name}", unit="file", disable=None) as progress:
            links: dict[str, Link] = {}
            for member in _contents(archive, budget):
                if isinstance(member, Link) and member.from_top:
                    _copy(member, {}, folder, budget)  # a hard link names what came before it
                elif isinstance(member, Link):
                    links[member.name] = member
                else:
                    _write(folder / member[0], member[1], budget)
                progress.update()
            for link in links.values():
                _copy(link, links, folder, budget)
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
        windows = PureWindowsPath(name)  # sees / and \, drives and shares: unsafe anywhere is unsafe here
        if windows.drive or windows.root or ".." in windows.parts or "\0" in name:
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


def _contents(archive: Path, budget: _Budget) -> Iterator[Member]:
    with archive.open("rb") as stream:
        magic = stream.read(8)
    if kind := next((kind for start, kind in _OTHERS.items() if magic.startswith(start)), None):
        raise DataError(f"{archive}: a {kind} archive is not read here; pack the files as .tar.gz or .zip")
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


def _tar_contents(stream: _Counted) -> Iterator[Member]:
    budget = stream.budget
    try:
        archive = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115
    except tarfile.ReadError as error:
        raise DataError(f"{budget.archive}: neither a tar nor a zip archive, or damaged") from error
    with archive:
        for member in archive:
            budget.admit(member.name, member.size)
            name = plain_path(member.name)
            content = archive.extractfile(member) if member.isreg() and not member.issparse() else None
            if content:
                yield name, content
            elif member.issym() or member.islnk():
                yield Link(name, member.linkname, from_top=member.islnk())
            elif not member.isdir():
                raise budget.refuse(f"{member.name!r} is no plain file; pack the files themselves")
    # tarfile takes a cut or damaged header for the end; the real end is a block of zeros.
    if stream.last != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("its end is missing")


def _zip_contents(archive: Path, budget: _Budget) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            written = _written_name(info)
            budget.admit(written, info.file_size)
            kind, name = stat.S_IFMT(info.external_attr >> 16), plain_path(written)
            if info.flag_bits & 1:
                raise budget.refuse(f"{written!r} is encrypted; pack the files without a password")
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}:
                raise budget.refuse(f"{written!r} is no plain file; pack the files themselves")
            if info.is_dir() or written.endswith("\\"):
                continue
            with opened.open(info) as content:
                if kind == stat.S_IFLNK:
                    yield Link(name, content.read(_LONGEST_LINK).decode("utf-8", "replace"), from_top=False)
                else:
                    yield name, _Counted(content, budget)  # type: ignore[misc]


def _written_name(info: zipfile.ZipInfo) -> str:
    """The name of a member; macOS writes UTF-8 and does not say so."""
    if info.flag_bits & _IS_UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _write(target: Path, content: IO[bytes], budget: _Budget) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("xb") as stream:
            shutil.copyfileobj(content, stream, _CHUNK)
    except FileExistsError as error:
        raise budget.refuse(f"{target.name!r} is in it twice") from error


def _copy(link: Link, links: Mapping[str, Link], folder: Path, budget: _Budget) -> None:
    """Put a copy of its file in the place of a link."""
    path = target(link, links)
    if path is None or not (folder / path).is_file():
        raise budget.refuse(
            f"{link.name!r} is a link to {link.target!r}, which is no file of the archive; "
            "pack the files themselves"
        )
    budget.spend((folder / path).stat().st_size)
    with (folder / path).open("rb") as content:
        _write(folder / link.name, content, budget)
