"""Which paths a commit may hold, and how patterns match them: the same rules for every store."""

import re
import unicodedata
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

from pylib.errors import StoreError

_MAX_NAME_BYTES = 255
_REFUSED = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")


def check_path(path: str) -> str:
    """Return the path if it is safe to store and to check out below a folder, else raise `StoreError`."""
    if not path or path.startswith("/"):
        reason = "it is empty or absolute"
    elif _REFUSED.search(path):
        reason = "it holds a backslash, a control character or text that is not Unicode"
    elif any(name in {"", ".", ".."} for name in path.split("/")):
        reason = "a part of it is empty, . or .."
    elif any(len(name.encode()) > _MAX_NAME_BYTES for name in path.split("/")):
        reason = f"a part of it is longer than {_MAX_NAME_BYTES} bytes"
    else:
        return path
    raise StoreError(f"path {path!r} refused: {reason}; use a relative POSIX path")


def check_paths(paths: Iterable[str]) -> None:
    """Raise `StoreError` unless all the paths are safe, and can be files of one folder on any filesystem.

    Refused are names that differ only in case or in Unicode form, for one of the two would be lost where
    filesystems do not tell them apart (macOS, Windows), and a file whose name is also a folder's.
    """
    folded: dict[str, str] = {}
    for path in paths:
        other = folded.setdefault(_fold(check_path(path)), path)
        if other != path:
            raise StoreError(f"paths {other!r} and {path!r} differ only in case or Unicode form: rename one")
    for key, path in folded.items():
        for parent in _parents(key):
            if parent in folded:
                raise StoreError(
                    f"path {path!r} needs {folded[parent]!r} to be a folder, and it is a file: rename one"
                )


def matches(path: str, pattern: str) -> bool:
    """Tell whether a glob pattern matches the whole path; `*` stays within a folder, `**` crosses folders."""
    return _match(tuple(path.split("/")), _segments(pattern))


def is_below(path: str, folder: str) -> bool:
    """Tell whether the path is the folder, or below it; everything is below the empty path."""
    return not folder or path == folder or path.startswith(f"{folder}/")


@lru_cache(maxsize=64)
def _segments(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.strip("/").split("/"))


def _match(names: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    if not patterns:
        return not names
    if patterns[0] == "**":
        return _match(names, patterns[1:]) or (bool(names) and _match(names[1:], patterns))
    return bool(names) and fnmatchcase(names[0], patterns[0]) and _match(names[1:], patterns[1:])


def _fold(path: str) -> str:
    return path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()


@lru_cache(maxsize=4096)
def _ancestors(folder: str) -> tuple[str, ...]:
    parts = folder.split("/")
    return tuple("/".join(parts[:n]) for n in range(1, len(parts) + 1))


def _parents(path: str) -> tuple[str, ...]:
    folder, slash, _ = path.rpartition("/")
    return _ancestors(folder) if slash else ()
