"""A log that is one file of JSON lines: several processes append to it while another takes out what is old.

Who appends holds a shared lock and looks whether the path still names the file that it has open; who shortens
it holds the lock alone, and puts a new file in the place of the old one. So no line goes into a file that
nobody reads any more. https://man7.org/linux/man-pages/man2/flock.2.html
"""

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path

_MODE = 0o640


def append(path: Path, line: bytes) -> None:
    """Append one line in one write, which O_APPEND keeps in one piece; raises OSError, as on a full disk.

    https://pubs.opengroup.org/onlinepubs/9799919799/functions/write.html
    """
    with _opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, fcntl.LOCK_SH) as file:
        if os.write(file, line) != len(line):
            raise OSError("log: the disk is full")


def shorten(path: Path, oldest: date) -> int:
    """Take out the lines of days before the oldest, by their `time`; return how many. Raises OSError.

    A line that cannot be read stays, and is named when the log is read.
    """
    if not path.exists():
        return 0
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with _opened(path, os.O_RDONLY, fcntl.LOCK_EX) as file, os.fdopen(os.dup(file), "rb") as lines:
        old = 0
        try:
            with os.fdopen(_like(file, new), "wb") as kept:
                for line in lines:
                    if _day(line, oldest) < oldest:
                        old += 1
                    else:
                        kept.write(line)
                kept.flush()
                os.fsync(kept.fileno())
            if old:
                new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    return old


@contextmanager
def _opened(path: Path, flags: int, lock: int) -> Iterator[int]:
    """The file that the path names now, locked for as long as the block runs; opened anew until it is."""
    while True:
        file = os.open(path, flags | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(file, lock)
            if _is_still(path, file):
                yield file
                return
        finally:
            os.close(file)


def _like(file: int, new: Path) -> int:
    """A new file of the same owner and mode, so that a server may go on appending; its descriptor."""
    made = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)
    there = os.fstat(file)
    with suppress(PermissionError):  # another's file, whose folder is ours
        os.fchown(made, there.st_uid, there.st_gid)
        os.fchmod(made, stat.S_IMODE(there.st_mode))
    return made


def _is_still(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _day(line: bytes, unknown: date) -> date:
    try:
        return datetime.fromisoformat(json.loads(line)["time"]).date()
    except (ValueError, LookupError, TypeError):
        return unknown
