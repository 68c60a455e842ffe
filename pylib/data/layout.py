"""Finding the images, their masks and the classes in a folder of somebody's making."""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pylib.data import classes
from pylib.data.findings import Finding, find
from pylib.data.names import printable, unsafe_name
from pylib.errors import DataError

IMAGES = "images"
MASKS = ("masks", "annotations/trimaps")  # the second is how the Oxford pets come
_READ = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff"}
_NOT_READ = {".heic", ".heif", ".avif", ".jp2", ".tga", ".ppm", ".pgm", ".psd", ".svg"}
_PICTURES = _READ | _NOT_READ  # the latter so that they are reported as unreadable, not passed over
_FEW = 3


@dataclass(frozen=True)
class Candidate:
    """An image and its mask, by id, before anybody has looked inside."""

    id: str
    image: Path
    mask: Path


@dataclass(frozen=True)
class Layout:
    """What a source holds: pairs sorted by id, its own classes if it names any, and what did not fit."""

    root: Path
    candidates: list[Candidate]
    class_names: dict[int, str] | None
    findings: list[Finding] = field(default_factory=list)


def read_layout(folder: Path, place: str) -> Layout:
    """Pair images/<id>.* with masks/<id>.*, below folder or its only subfolder.

    Raises DataError, which names the place, where there is no such pair of folders.
    """
    root, masks_folder = _find_root(folder, place)
    images, ignored = _by_id(root / IMAGES, root)
    masks, ignored_masks = _by_id(root / masks_folder, root)
    findings = [*_ignored(_elsewhere(root, masks_folder)), *_ignored(ignored), *_ignored(ignored_masks)]
    findings += [*_twice(images, root), *_twice(masks, root)]
    single_images, single_masks = _single(images), _single(masks)
    findings += _partners_missing(images, masks, root)
    candidates = []
    for item in sorted(single_images.keys() & single_masks.keys()):
        if reason := unsafe_name(item):
            findings.append(find("name-unsafe", printable(item), reason))
        else:
            candidates.append(Candidate(item, single_images[item], single_masks[item]))
    return Layout(root, candidates, classes.read_classes(root / classes.FILE), findings)


def _find_root(folder: Path, place: str) -> tuple[Path, str]:
    subfolders = [path for path in sorted(folder.iterdir()) if path.is_dir() and not _junk(path.name)]
    for root in [folder, *(subfolders if len(subfolders) == 1 else [])]:
        masks = next((name for name in MASKS if (root / name).is_dir()), None)
        if (root / IMAGES).is_dir() and masks:
            return root, masks
    found = ", ".join(printable(path.name) for path in subfolders[:5]) or "no folders"
    raise DataError(f"{place}: no images/ and masks/ side by side in it (found {found}); put them there")


def _by_id(folder: Path, root: Path) -> tuple[dict[str, list[Path]], list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    ignored = []
    for path in _walk(folder):
        if path.suffix.lower() in _PICTURES and path.is_file() and not _junk(path.name):
            found[path.relative_to(folder).with_suffix("").as_posix()].append(path)
        else:
            ignored.append(path.relative_to(root))
    return found, ignored


def _walk(folder: Path) -> Iterator[Path]:
    for current, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(current) / name for name in sorted(files))


def _elsewhere(root: Path, masks_folder: str) -> list[Path]:
    ours = (root / IMAGES, root / masks_folder)
    paths = (path for path in _walk(root) if not any(path.is_relative_to(folder) for folder in ours))
    return [path.relative_to(root) for path in paths if path != root / classes.FILE]


def _junk(name: str) -> bool:
    return name.startswith("._") or name in {".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX"}


def _ignored(paths: list[Path]) -> Iterator[Finding]:
    """Name what was passed over, a line for each folder and extension, with the first few files."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        name = "._*" if path.name.startswith("._") else f"*{path.suffix}" if path.suffix else path.name
        kinds[(path.parent / name).as_posix()].append(path.name)
    for kind, names in sorted(kinds.items()):
        first = ", ".join(printable(name) for name in names[:_FEW]) + (", …" if len(names) > _FEW else "")
        yield find("file-ignored", printable(kind), f"{len(names)} passed over: {first}")


def _single(found: dict[str, list[Path]]) -> dict[str, Path]:
    return {item: paths[0] for item, paths in found.items() if len(paths) == 1}


def _twice(found: dict[str, list[Path]], root: Path) -> Iterator[Finding]:
    for item, paths in sorted(found.items()):
        if len(paths) > 1:
            names = ", ".join(printable(path.relative_to(root).as_posix()) for path in paths)
            yield find("id-twice", printable(item), f"{names} have one id")


def _partners_missing(
    images: dict[str, list[Path]], masks: dict[str, list[Path]], root: Path
) -> Iterator[Finding]:
    for item in sorted(images.keys() - masks.keys()):
        name = printable(images[item][0].relative_to(root).as_posix())
        yield find("image-without-mask", printable(item), f"{name} has no mask of that name")
    for item in sorted(masks.keys() - images.keys()):
        name = printable(masks[item][0].relative_to(root).as_posix())
        yield find("mask-without-image", printable(item), f"{name} has no image of that name")
