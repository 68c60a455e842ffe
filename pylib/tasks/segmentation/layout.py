"""A source of segmentation: images and masks side by side; classes.yaml or labelmap.txt has its classes."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from pylib.data import classes as legends
from pylib.data.classes import VOID, counted
from pylib.data.colours import LABELMAP, Colour, read_labelmap
from pylib.data.dataset import SplitName
from pylib.data.given_splits import Given, described, read_given, split_named
from pylib.data.images import decode_mask, encode_png, true_extension
from pylib.data.layout import (
    IMAGES,
    Candidate,
    Files,
    Layout,
    Reviewed,
    by_id,
    elsewhere,
    ignored,
    twice,
)
from pylib.data.names import printable
from pylib.errors import DataError
from pylib.tasks.segmentation.folders import Place, find_places
from pylib.tasks.segmentation.orientation import with_reading
from pylib.tasks.segmentation.pairing import Pairs, apart, pair

_VOC = "ImageSets"


def read_layout(folder: Path, place: str) -> Layout:
    """Pair images/<id>.* with masks/<id>.*, or folders and files of other usual names, at or below a folder.

    A candidate's source is the path of its mask. Raises DataError, which names the place, where there is no
    such pair of folders, and where what it says of splits cannot be read or is contradictory.
    """
    root, places = find_places(folder, place)
    images, masks, others = _files(root, places)
    given = _given(root, places, images)
    known = [path for one in places for path in (one.images, one.masks)]
    others += elsewhere(root, *known)
    own = {path.relative_to(root) for path in (root / legends.FILE, root / LABELMAP, *given.files)}
    others = [path for path in others if path not in own]
    paired, unlisted = pair(images, masks, root), []
    if (root / _VOC).is_dir() and given.splits:  # VOC has images for other tasks than this one
        unlisted = sorted(images.keys() - masks.keys() - given.splits.keys() - paired.files.keys())
        others += [images[item][0].relative_to(root) for item in unlisted]
    unseen = {printable(item) for item in unlisted}
    findings = [*ignored(others), *twice(images, root), *twice(masks, root), *given.findings]
    findings += [finding for finding in paired.findings if finding.item not in unseen]
    candidates = [
        Candidate(item, image, mask, given.splits.get(item)) for item, (image, mask) in paired.files.items()
    ]
    candidates, turned = with_reading(candidates)
    assumed = [
        *_folders(root, folder, places),
        *_renamed(paired, root),
        *described(given, candidates),
        *turned,
    ]
    names, colours = _classes(root)
    return Layout(root, candidates, names, findings, assumed, colours)


def write_source(folder: Path, items: Mapping[str, Reviewed], classes: Mapping[int, str]) -> None:
    """Write images/<id> and masks/<id>.png; raises DataError where a truth has no mask of these classes.

    A truth's value i is the i-th class, as in an answer; in the file it is that class's id.
    """
    ids = np.full(256, VOID, np.uint8)
    numbers = sorted(counted(dict(classes)))
    ids[: len(numbers)] = numbers
    for item, reviewed in items.items():
        try:
            mask = decode_mask(base64.b64decode(str(reviewed.truth.get("mask_png", "")), validate=True))
        except ValueError as error:
            raise DataError(f"{item}: its truth has no mask_png in base64: review it again") from error
        if wrong := sorted({*np.unique(mask).tolist()} - {*range(len(numbers)), VOID}):
            raise DataError(f"{item}: its mask has {wrong[0]}, and there are {len(numbers)} classes")
        image = folder / IMAGES / f"{item}.{true_extension(reviewed.image)}"
        path = folder / "masks" / f"{item}.png"
        for each, data in ((image, reviewed.image), (path, encode_png(ids[mask]))):
            each.parent.mkdir(parents=True, exist_ok=True)
            each.write_bytes(data)


def _classes(root: Path) -> tuple[dict[int, str] | None, dict[Colour, str]]:
    """What classes.yaml names, and labelmap.txt where it does not, with the colours of both."""
    names, colours = legends.read_classes(root / legends.FILE), legends.read_colours(root / legends.FILE)
    if (labelmap := read_labelmap(root / LABELMAP)) is None:
        return names, colours
    return names or labelmap[0], labelmap[1] | colours


def _files(root: Path, places: Iterable[Place]) -> tuple[Files, Files, list[Path]]:
    """All images and masks by id, and the other files from root."""
    images: Files = {}
    masks: Files = {}
    others: list[Path] = []
    for one in places:
        less = one.masks if one.masks != one.images and one.masks.is_relative_to(one.images) else None
        found, passed = by_id(one.images, root, prefix=one.prefix, less=less)
        others += passed
        if one.masks == one.images:
            found, found_masks = apart(found)
        else:
            found_masks, passed = by_id(one.masks, root, prefix=one.prefix)
            others += passed
        images |= found
        masks |= found_masks
    return images, masks, others


def _given(root: Path, places: list[Place], images: Files) -> Given:
    """The splits of lists and tables, of folders of splits and of images/train, which must agree."""
    given = read_given(root, images)
    by_prefix = {one.prefix: one.split for one in places}
    for item in images:
        first, slash, _ = item.partition("/")
        split: SplitName | None = by_prefix.get(first + slash) or (split_named(first) if slash else None)
        if split and given.splits.setdefault(item, split) != split:
            raise DataError(
                f"{printable(item)} lies in {split}, and {given.places[item]} says {given.splits[item]}: "
                "make them agree"
            )
    return given


def _folders(root: Path, folder: Path, places: list[Place]) -> Iterator[str]:
    """Say where images and masks were found, unless it is where everybody expects them."""
    first = next((one for one in places if one.masks.is_dir()), places[0])
    usual = len(places) == 1 and (first.images, first.masks) == (root / "images", root / "masks")
    if not usual:
        where = [_named(path, folder) for path in (first.images, first.masks)]
        more = f", and {len(places) - 1} more such" if len(places) > 1 else ""
        yield (
            f"images and masks lie in one folder, {where[0]}, and are told apart by their names{more}"
            if where[0] == where[1]
            else f"images are those of {where[0]}, masks those of {where[1]}{more}"
        )


def _named(path: Path, folder: Path) -> str:
    return "the top" if path == folder else printable(path.relative_to(folder).as_posix()) + "/"


def _renamed(paired: Pairs, root: Path) -> Iterator[str]:
    if paired.renamed:
        image, mask = (path.relative_to(root).as_posix() for path in paired.files[paired.renamed[0]])
        yield (
            f"{len(paired.renamed)} masks are not named exactly as their images: paired without case, second "
            f"extensions and words like mask, gt, label, as {printable(image)} with {printable(mask)}"
        )
