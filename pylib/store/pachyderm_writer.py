"""Who has a commit open: a mark that tells a writer that is gone from one that is at work.

pachd keeps a commit open until somebody finishes or drops it. The mark stands in the commit's description
while it is open; it names the machine's boot, the process namespace (of a container), the process and the
moment it began, so that on one machine the next writer knows at once whether the process is still there.
"""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "pylib has this commit open: writer "
_MARK = re.compile(rf"{re.escape(_PREFIX)}(?P<place>\S+) (?P<pid>\d+) (?P<began>\S+) (?P<id>[0-9a-f]{{32}})")
_at_work: set[str] = set()


@contextmanager
def marked() -> Iterator[str]:
    """Give a new mark, of a writer that is at work until the end of the block."""
    mark = f"{_PREFIX}{_place()} {os.getpid()} {_began(os.getpid())} {uuid.uuid4().hex}"
    _at_work.add(mark)
    try:
        yield mark
    finally:
        _at_work.discard(mark)


def is_mark(description: str) -> bool:
    """Tell whether the description is one of our marks."""
    return bool(_MARK.fullmatch(description))


def is_gone(description: str) -> bool:
    """Tell whether the writer of this mark is known to be gone; False where that cannot be seen from here."""
    found = _MARK.fullmatch(description)
    if not found or found["place"] == "elsewhere" or found["place"] != _place():
        return False
    if int(found["pid"]) == os.getpid() and found["began"] == _began(os.getpid()):
        return description not in _at_work
    return found["began"] != _began(int(found["pid"]))


def _place() -> str:
    """Return what names this boot of this machine and the namespace of its process ids (proc(5), Linux)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return "elsewhere"


def _began(pid: int) -> str:
    """Return when the process began, in clock ticks since boot; `-` where it has ended (proc(5), Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return "-"
    return "-" if fields[0] in {"Z", "X"} else fields[19]
