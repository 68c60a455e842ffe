"""Bytes from one file to another: hashed on the way, cloned where the filesystem can, flushed in batches."""

import contextlib
import ctypes
import errno
import hashlib
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pylib.errors import StoreError

CHUNK = 1 << 20
FEW = 32
"""Up to so many files are flushed one by one; above, one flush of the whole filesystem is cheaper."""

_FICLONE = 0x40049409  # ioctl_ficlone(2): Btrfs, XFS, bcachefs, overlay on those
_NO_CLONE = {
    errno.EOPNOTSUPP,
    errno.EXDEV,
    errno.EINVAL,
    errno.ENOTTY,
    errno.ENOSYS,
    errno.EPERM,
    errno.EACCES,
}


def open_regular(path: Path) -> tuple[int, int]:
    """Open a regular file to read, and give its size; a pipe or a device is refused, not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode):
        return descriptor, status.st_size
    os.close(descriptor)
    raise StoreError(f"{path} is not a regular file: commit files only")


def read_all(descriptor: int, size: int) -> bytes:
    """Read to the end of the file, in one call where `size` bytes is what it has."""
    parts = []
    while part := os.read(descriptor, size + 1):
        parts.append(part)
        if len(part) == size:  # one byte more was asked for, so this was the end
            break
    return b"".join(parts)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of the data, however many calls it takes."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def copy_hashed(source: int, target: int | None) -> tuple[str, int]:
    """Copy the rest of `source` to `target`, or only read it; return the SHA-256 and the size read."""
    digest, size = hashlib.sha256(), 0
    while data := os.read(source, CHUNK):
        digest.update(data)
        size += len(data)
        if target is not None:
            write_all(target, data)
    return digest.hexdigest(), size


def clone(source: int, target: int) -> bool:
    """Make `target` share the content of `source`, copied on write; False where the filesystem cannot."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno in _NO_CLONE:
            return False
        raise
    return True


def flush(paths: Sequence[str | Path], folder: Path) -> None:
    """Return when the files or folders, all on the filesystem of `folder`, would survive a power cut."""
    if len(paths) > FEW and _syncfs(folder):
        return
    for path in paths:
        with _descriptor(path) as descriptor:
            os.fsync(descriptor)


def _syncfs(folder: Path) -> bool:
    """Flush the filesystem in one call (syncfs(2), Linux); False where there is no such call."""
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    with _descriptor(folder) as descriptor:
        if library.syncfs(descriptor) == 0:
            return True
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number), str(folder))


@contextlib.contextmanager
def _descriptor(path: str | Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
