"""Where a source keeps its images and masks: which folders they are, whatever their makers called them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pylib.data.dataset import SplitName
from pylib.data.given_splits import split_named, split_within
from pylib.data.layout import by_id, is_picture, levels, subfolders
from pylib.data.names import printable
from pylib.errors import DataError
from pylib.tasks.segmentation.pairing import apart

Kind = Literal["images", "masks"]
_KINDS: dict[Kind, str] = {
    "images": "images? imgs? im jpegimages leftimg8bit photos? pictures? rgb inputs? originals? jpe?gs? x",
    "masks": "masks? msks? labels? labelimages? annotations? annots? anns? segmentationclass(es|aug|raw)? "
    "segmentations? segmentationmasks? segs? groundtruths? gts? gtfine gtcoarse trimaps? targets? y",
}
_KIND = {kind: re.compile(f"(?:{words.replace(' ', '|')})") for kind, words in _KINDS.items()}


@dataclass(frozen=True)
class Place:
    """A folder of images and one of masks, which may be the same; `prefix` goes before the ids.

    `split` is what the folder's name gives to all of it.
    """

    images: Path
    masks: Path
    prefix: str = ""
    split: SplitName | None = None


def find_places(folder: Path, place: str) -> tuple[Path, list[Place]]:
    """The data set's own folder, at or some levels below `folder`, and the places in it.

    Raises DataError, which names the place: there is none, there are two, or two folders of one kind.
    """
    for look in (_side_by_side, _in_one):
        for level in levels(folder):
            found = [(root, places) for root in level if (places := look(root, place))]
            if len(found) > 1:
                names = ", ".join(printable(root.relative_to(folder).as_posix()) for root, _ in found[:5])
                raise DataError(f"{place}: {len(found)} data sets are in it ({names}); name one of them")
            if found:
                return found[0]
    names = ", ".join(printable(path.name) for path in subfolders(folder)[:5]) or "no folders"
    raise DataError(
        f"{place}: no images/ and masks/ side by side in it (found {names}); put them there, "
        "or say --task classification where each folder is a class"
    )


def _side_by_side(root: Path, place: str) -> list[Place]:
    """Images and masks in folders of their own: here, or in a folder for each split."""
    images, masks = _folders(root, place)
    if masks and (images or _has_pictures(root)):
        return [Place(images or root, _inner(masks, images))]
    return _by_name(root) or _splits(root, lambda sub: _place_of_split(sub, place))


def _place_of_split(folder: Path, place: str) -> Place | None:
    images, masks = _folders(folder, place)
    if images is None and not (masks and _has_pictures(folder)):
        return None
    # Without masks the images are named as such, one by one, and are not passed over as a whole.
    return Place(images or folder, _inner(masks, images) if masks else folder / "masks")


def _in_one(root: Path, place: str) -> list[Place]:
    """Images and masks in one folder, told apart by their names: here, in images/, or in a folder a split."""
    images, masks = _folders(root, place)
    folder = images or masks or root
    places = _splits(root, lambda sub: Place(sub, sub) if any(_pictures(sub)) else None)
    if not places and (folder != root or _has_pictures(root) or len(subfolders(root)) > 1):
        places = [Place(folder, folder)]
    return places if any(apart(by_id(one.images, root)[0])[1] for one in places) else []


def _splits(root: Path, look: Callable[[Path], Place | None]) -> list[Place]:
    """A place for each folder that is named as a split, where there is one beside train."""
    named = [(sub, split) for sub in subfolders(root) if (split := split_named(sub.name))]
    if not {split for _, split in named} - {"train"}:
        return []
    found = [(sub, split, one) for sub, split in named if (one := look(sub))]
    if all(one.images != one.masks and not one.masks.is_dir() for _, _, one in found):
        return []
    return [Place(one.images, one.masks, f"{sub.name}/", split) for sub, split, one in found]


def _by_name(root: Path) -> list[Place]:
    """Folders whose names say split and kind, as train_images and trainannot do."""
    found: dict[tuple[SplitName, Kind], Path] = {}
    for sub in subfolders(root):
        split, rest = split_within(sub.name)
        kind = _kind(rest) if rest else "images"
        if split and kind:
            found.setdefault((split, kind), sub)
    splits = [split for split, kind in found if kind == "masks"]
    return [
        Place(found[split, "images"], found[split, "masks"], f"{split}/", split)
        for split in splits
        if (split, "images") in found
    ]


def _folders(root: Path, place: str) -> tuple[Path | None, Path | None]:
    subs = subfolders(root)
    images, masks = _one_of(subs, "images", place), _one_of(subs, "masks", place)
    return images, masks


def _one_of(subs: list[Path], kind: Kind, place: str) -> Path | None:
    """The folder of that kind: the one of that very name, else the one with pictures, else any."""
    named = [sub for sub in subs if _kind(sub.name) == kind]
    exact = [sub for sub in named if sub.name == kind]
    full = exact or [sub for sub in named if any(_pictures(sub))]
    if len(full) > 1:
        names = " and ".join(printable(sub.name) + "/" for sub in full)
        raise DataError(f"{place}: {names} could each be the {kind}; call the right one {kind}/")
    return next(iter(full), None)


def _inner(masks: Path, images: Path | None) -> Path:
    """Look through a folder that has all masks in its only folder with pictures, as annotations/trimaps."""
    if _has_pictures(masks):
        return masks
    inside = [sub for sub in subfolders(masks) if any(_pictures(sub))]
    also = images and (images / inside[0].name).is_dir() if inside else True
    return masks if len(inside) != 1 or also else inside[0]


def _kind(name: str) -> Kind | None:
    plain = re.sub(r"[^a-z0-9]", "", name.casefold())
    return next((kind for kind, pattern in _KIND.items() if pattern.fullmatch(plain)), None)


def _has_pictures(folder: Path) -> bool:
    return any(is_picture(path) for path in folder.iterdir())


def _pictures(folder: Path) -> Iterator[Path]:
    if _has_pictures(folder):
        yield folder
    for sub in subfolders(folder):
        if not sub.is_symlink():  # which may lead back up
            yield from _pictures(sub)
