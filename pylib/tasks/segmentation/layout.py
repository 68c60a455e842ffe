"""A source of segmentation: images/ and masks/ side by side; classes.yaml or labelmap.txt has its classes."""

from collections.abc import Iterator
from pathlib import Path

from pylib.data import classes
from pylib.data.colours import LABELMAP, read_labelmap
from pylib.data.findings import Finding, find
from pylib.data.layout import (
    IMAGES,
    Candidate,
    Colour,
    Files,
    Layout,
    by_id,
    elsewhere,
    ignored,
    roots,
    single,
    subfolders,
    twice,
)
from pylib.data.names import printable
from pylib.errors import DataError
from pylib.tasks.segmentation.checks import FINDINGS

MASKS = ("masks", "annotations/trimaps")  # the second is how the Oxford pets come


def read_layout(folder: Path, place: str) -> Layout:
    """Pair images/<id>.* with masks/<id>.*, below folder or its only subfolder.

    A candidate's source is the path of its mask. Raises DataError, which names the place, where there is no
    such pair of folders.
    """
    root, masks_folder = _find_root(folder, place)
    images, other_images = by_id(root / IMAGES, root)
    masks, other_masks = by_id(root / masks_folder, root)
    others = elsewhere(root, root / IMAGES, root / masks_folder, root / classes.FILE, root / LABELMAP)
    findings = [*ignored(others), *ignored(other_images), *ignored(other_masks)]
    findings += [*twice(images, root), *twice(masks, root), *_partners_missing(images, masks, root)]
    one_image, one_mask = single(images), single(masks)
    candidates = [
        Candidate(item, one_image[item], one_mask[item])
        for item in sorted(one_image.keys() & one_mask.keys())
    ]
    names, colours = _classes(root)
    return Layout(root, candidates, names, findings, colours)


def _classes(root: Path) -> tuple[dict[int, str] | None, dict[Colour, str]]:
    """What classes.yaml names, and labelmap.txt where it does not, with the colours of both."""
    names, colours = classes.read_classes(root / classes.FILE), classes.read_colours(root / classes.FILE)
    if (labelmap := read_labelmap(root / LABELMAP)) is None:
        return names, colours
    return names or labelmap[0], labelmap[1] | colours


def _find_root(folder: Path, place: str) -> tuple[Path, str]:
    for root in roots(folder):
        masks = next((name for name in MASKS if (root / name).is_dir()), None)
        if (root / IMAGES).is_dir() and masks:
            return root, masks
    found = ", ".join(printable(path.name) for path in subfolders(folder)[:5]) or "no folders"
    raise DataError(f"{place}: no images/ and masks/ side by side in it (found {found}); put them there")


def _partners_missing(images: Files, masks: Files, root: Path) -> Iterator[Finding]:
    for item in sorted(images.keys() - masks.keys()):
        name = printable(images[item][0].relative_to(root).as_posix())
        reason = f"{name} has no mask of that name"
        yield find("image-without-mask", printable(item), reason, rules=FINDINGS)
    for item in sorted(masks.keys() - images.keys()):
        name = printable(masks[item][0].relative_to(root).as_posix())
        reason = f"{name} has no image of that name"
        yield find("mask-without-image", printable(item), reason, rules=FINDINGS)
