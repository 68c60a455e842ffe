"""What a task finds in a folder of somebody's making, and how files in it are found and passed over."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pylib.data.colours import Colour
from pylib.data.dataset import SplitName
from pylib.data.findings import Finding, find
from pylib.data.names import printable, unsafe_name

IMAGES = "images"
Files = dict[str, list[Path]]

_READ = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff"}
_NOT_READ = {".heic", ".heif", ".avif", ".jp2", ".tga", ".ppm", ".pgm", ".psd", ".svg"}
_PICTURES = _READ | _NOT_READ  # the latter so that they are reported as unreadable, not passed over
_FEW = 3
_DEEP = 4  # so many wrapping folders are looked through
_LINK = "* (a link)"  # stands for what is in a folder that is a link, which may lead back up or out
_SYSTEMS_OWN = {
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "__macosx",
    "@eadir",
    "$recycle.bin",
    "system volume information",
    "lost+found",
    "__pycache__",
}

Reading = Literal["exif", "stored"]
"""What a target lies on: the picture as its EXIF orientation turns it, or its pixels as they are stored."""


@dataclass(frozen=True)
class Candidate:
    """An image by id, before anybody has looked inside.

    `source` is what the task found of its target: a file, a class's name, a number, as the task likes;
    `split` is the one that the source gives it, if it gives any; `reading` says how its target lies where its
    shape cannot, and `decided` whether a person said so.
    """

    id: str
    image: Path
    source: Any
    split: SplitName | None = None
    reading: Reading = "exif"
    decided: bool = False


@dataclass(frozen=True)
class Layout:
    """What a source holds: candidates sorted by id, its own classes if it names any, and what did not fit.

    `assumed` are sentences that say how it was read where it could have been read otherwise; `colours` are
    names of classes by their colour in a target, as red, green and blue, where it gives such. `asked` are the
    classes that a person names, and `kept` the colours of ids in the commit to which it is added; None where
    it is added to none.
    """

    root: Path
    candidates: list[Candidate]
    class_names: dict[int, str] | None
    findings: list[Finding] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    colours: Mapping[Colour, str] = field(default_factory=dict)
    asked: Mapping[int, str] | None = None
    kept: Mapping[int, Sequence[Colour]] | None = None


@dataclass(frozen=True)
class Reviewed:
    """An image that people answered: its bytes, and what is right, as the task's `answer.truth` keeps it."""

    image: bytes
    truth: Mapping[str, Any]


@dataclass(frozen=True)
class Settled:
    """What a task decided for the whole set: candidates that say so in `source`, sentences for the report."""

    candidates: list[Candidate]
    assumed: list[str] = field(default_factory=list)


def subfolders(folder: Path) -> list[Path]:
    """The folders in a folder, sorted, less hidden ones and what operating systems leave there."""
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and not hidden(path.name)]


def levels(folder: Path) -> Iterator[list[Path]]:
    """Where a data set can begin, the nearest first: the folder, its subfolders, and so on."""
    level = [folder]
    for _ in range(_DEEP + 1):
        yield level
        level = [path for above in level for path in subfolders(above) if not path.is_symlink()]


def roots(folder: Path) -> list[Path]:
    """All folders where a data set can begin, the nearest first."""
    return [path for level in levels(folder) for path in level]


def is_picture(path: Path) -> bool:
    """Whether a file is named like a picture, one that can be read or not."""
    return path.suffix.lower() in _PICTURES and path.is_file() and not hidden(path.name)


def without_extension(name: str) -> str:
    """A name less its extension, if that is one of a picture."""
    stem, _, extension = name.rpartition(".")
    return stem if stem and f".{extension.lower()}" in _PICTURES else name


def by_id(
    folder: Path, root: Path, *, prefix: str = "", less: Path | None = None
) -> tuple[Files, list[Path]]:
    """The pictures below a folder by their path in it without extension, and the other files, from root.

    `prefix` goes before each id; what is below `less` is left out.
    """
    found: Files = defaultdict(list)
    others = []
    for path in _walk(folder):
        inside = path.relative_to(folder)
        if less and path.is_relative_to(less):
            continue
        if is_picture(path) and not any(map(hidden, inside.parts)):
            found[prefix + inside.with_suffix("").as_posix()].append(path)
        else:
            others.append(path.relative_to(root))
    return found, others


def single(found: Mapping[str, list[Path]]) -> dict[str, Path]:
    """The files whose id no other file has."""
    return {item: paths[0] for item, paths in found.items() if len(paths) == 1}


def twice(found: Mapping[str, list[Path]], root: Path) -> Iterator[Finding]:
    """Name the ids that several files have."""
    for item, paths in sorted(found.items()):
        if len(paths) > 1:
            names = ", ".join(printable(path.relative_to(root).as_posix()) for path in paths)
            yield find("id-twice", printable(item), f"{names} have one id")


def elsewhere(root: Path, *known: Path) -> list[Path]:
    """The files below root, from there, that are none of these files and in none of these folders."""
    paths = (path for path in _walk(root) if not any(path.is_relative_to(one) for one in known))
    return [path.relative_to(root) for path in paths]


def ignored(paths: list[Path]) -> Iterator[Finding]:
    """Name what was passed over, a line for each folder and extension, with the first few files."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        if path.name == _LINK and not any(map(hidden, path.parts)):
            reason = "a link to a folder, which is not followed: if it belongs to the data set, copy it there"
            yield find("file-ignored", printable(path.parent.as_posix()), reason)
        else:
            kinds[_kind(path)].append(path.name)
    for kind, names in sorted(kinds.items()):
        first = ", ".join(printable(name) for name in names[:_FEW]) + (", …" if len(names) > _FEW else "")
        yield find("file-ignored", printable(kind), f"{len(names)} passed over: {first}")


def with_safe_names(layout: Layout) -> Layout:
    """The same without the candidates whose ids cannot be file names everywhere, which become findings."""
    reasons = {one.id: unsafe_name(one.id) for one in layout.candidates}
    unsafe = [find("name-unsafe", printable(item), reason) for item, reason in reasons.items() if reason]
    kept = [one for one in layout.candidates if not reasons[one.id]]
    return replace(layout, candidates=kept, findings=[*layout.findings, *unsafe])


def hidden(name: str) -> bool:
    """Whether a file or folder is no part of a data set: hidden, or left there by a system or a tool."""
    return name.startswith(".") or name.casefold() in _SYSTEMS_OWN


def _kind(path: Path) -> str:
    for place, part in enumerate(path.parts[:-1]):
        if hidden(part):
            return Path(*path.parts[: place + 1], "*").as_posix()
    name = "._*" if path.name.startswith("._") else f"*{path.suffix}" if path.suffix else path.name
    return (path.parent / name).as_posix()


def _walk(folder: Path) -> Iterator[Path]:
    for current, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(current) / name for name in sorted(files))
        yield from (Path(current) / name / _LINK for name in folders if (Path(current) / name).is_symlink())
