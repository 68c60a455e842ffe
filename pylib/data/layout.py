"""What a task finds in a folder of somebody's making, and how files in it are found and passed over."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pylib.data.findings import Finding, find
from pylib.data.names import printable, unsafe_name

IMAGES = "images"
Files = dict[str, list[Path]]
Colour = tuple[int, int, int]

_READ = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff"}
_NOT_READ = {".heic", ".heif", ".avif", ".jp2", ".tga", ".ppm", ".pgm", ".psd", ".svg"}
_PICTURES = _READ | _NOT_READ  # the latter so that they are reported as unreadable, not passed over
_FEW = 3


@dataclass(frozen=True)
class Candidate:
    """An image by id, before anybody has looked inside.

    `source` is what the task found of its target: a file, a class's name, a number, as the task likes.
    """

    id: str
    image: Path
    source: Any


@dataclass(frozen=True)
class Layout:
    """What a source holds: candidates sorted by id, its own classes if it names any, and what did not fit.

    `colours` are names of classes by their colour in a target, as red, green and blue, where it gives such.
    """

    root: Path
    candidates: list[Candidate]
    class_names: dict[int, str] | None
    findings: list[Finding] = field(default_factory=list)
    colours: Mapping[Colour, str] = field(default_factory=dict)


def subfolders(folder: Path) -> list[Path]:
    """The folders in a folder, sorted, less what operating systems leave there."""
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and not _junk(path.name)]


def roots(folder: Path) -> list[Path]:
    """Where a data set can begin: in the folder itself, or in its only subfolder."""
    below = subfolders(folder)
    return [folder, *(below if len(below) == 1 else [])]


def by_id(folder: Path, root: Path) -> tuple[Files, list[Path]]:
    """The pictures below a folder by their path in it without extension, and the other files, from root."""
    found: Files = defaultdict(list)
    others = []
    for path in _walk(folder):
        if path.suffix.lower() in _PICTURES and path.is_file() and not _junk(path.name):
            found[path.relative_to(folder).with_suffix("").as_posix()].append(path)
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
        name = "._*" if path.name.startswith("._") else f"*{path.suffix}" if path.suffix else path.name
        kinds[(path.parent / name).as_posix()].append(path.name)
    for kind, names in sorted(kinds.items()):
        first = ", ".join(printable(name) for name in names[:_FEW]) + (", …" if len(names) > _FEW else "")
        yield find("file-ignored", printable(kind), f"{len(names)} passed over: {first}")


def with_safe_names(layout: Layout) -> Layout:
    """The same without the candidates whose ids cannot be file names everywhere, which become findings."""
    reasons = {one.id: unsafe_name(one.id) for one in layout.candidates}
    unsafe = [find("name-unsafe", printable(item), reason) for item, reason in reasons.items() if reason]
    kept = [one for one in layout.candidates if not reasons[one.id]]
    return replace(layout, candidates=kept, findings=[*layout.findings, *unsafe])


def _walk(folder: Path) -> Iterator[Path]:
    for current, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(current) / name for name in sorted(files))


def _junk(name: str) -> bool:
    return name.startswith("._") or name in {".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX"}
