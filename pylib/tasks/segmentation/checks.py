"""What may be wrong with a mask, what it says, and how a report shows it."""

import hashlib
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from pylib.data.checks import CheckedTarget, RejectedError, size_of
from pylib.data.classes import IGNORE, VOID, counted, ignored
from pylib.data.dataset import MaskTarget, Target, read_file
from pylib.data.findings import Finding, Rule, find
from pylib.data.gallery import TargetPicture
from pylib.data.images import TooLargeError, decode_mask, encode_png, read_header, resize_mask
from pylib.data.layout import Candidate
from pylib.data.names import printable
from pylib.errors import ConfigurationError, DataError
from pylib.palette import class_rgb, hatched
from pylib.settings import max_pixels
from pylib.tasks.segmentation import orientation
from pylib.tasks.segmentation.records import class_lookup

TARGET = "mask"
AMOUNTS = "pixels"
MIN_SIDE = 32  # the U-Net halves an image five times
DEFAULT_CLASSES: dict[int, str] = {1: "object", 2: "background", 3: "border"}
"""Oxford-IIIT Pet's trimap."""

FINDINGS: dict[str, Rule] = {
    "image-without-mask": Rule(True, "Images without a mask", "draw it, or name it masks/<id>.png"),
    "mask-without-image": Rule(True, "Masks without an image", "add the image, or remove the mask"),
    "name-ambiguous": Rule(
        True, "Names that fit several", "rename them so that each mask has the name of its one image"
    ),
    "mask-unreadable": Rule(True, "Unreadable masks", "save it as PNG, one channel of class ids"),
    "mask-size": Rule(True, "Masks of another size", "export the mask at the size of the upright image"),
    **orientation.FINDINGS,
    "mask-unknown-class": Rule(
        True, "Masks with unknown ids", "name all classes in classes.yaml or --classes, or draw it again"
    ),
    "mask-ignored": Rule(True, "Masks of nothing but ignored pixels", "draw it, or leave the image out"),
    "mask-single-class": Rule(True, "Masks of one class only", "draw the object, or leave the image out"),
    "mask-empty": Rule(
        False, "Images that show nothing but background", "nothing, if there is nothing to be found in them"
    ),
    "mask-converted": Rule(False, "Masks rewritten as PNG", "nothing: the ids are the same"),
}
_FEW = 5
_BACKGROUND = ("background", "bg", "_background_")
_NOTHING = ("nothing", "none", "empty", "ok", "good", "normal", "healthy", "clean")
_PNG = b"\x89PNG\r\n\x1a\n"
_WHITE = (255, 255, 255)  # ids that are no class


def classes(
    asked: dict[int, str] | None, found: dict[int, str] | None, parent: dict[int, str] | None
) -> dict[int, str]:
    """The first that are given, else the trimap; ConfigurationError unless two or more ids, 0…255.

    VOID is ignored where it is no class, as users of PASCAL VOC and Cityscapes expect.
    """
    chosen = asked or found or parent or DEFAULT_CLASSES
    if wrong := [number for number in chosen if number > np.iinfo(np.uint8).max]:
        raise ConfigurationError(
            f"classes {chosen}: {wrong[0]} is no mask id; ids are whole numbers from 0 to 255"
        )
    if len(counted(chosen)) < 2:  # noqa: PLR2004
        but = " beside what is ignored" if ignored(chosen) else ""
        raise ConfigurationError(f"classes {chosen}: a segmentation needs two classes or more{but}")
    return chosen if VOID in chosen else {**chosen, VOID: IGNORE}


def check(candidate: Candidate, image: NDArray[np.uint8], classes: dict[int, str]) -> CheckedTarget:
    """Read a candidate's mask, which is stored as it is where it is an 8-bit grey PNG; or RejectedError."""
    data, laid, turned = _read_mask(candidate, image, classes)
    mask = laid.mask
    stored = encode_png(mask) if turned else _to_store(mask, data)
    file = f"masks/{candidate.id}.png"
    ids, counts = np.unique(mask, return_counts=True)
    amounts = dict(zip(ids.tolist(), counts.tolist(), strict=True))
    findings = [] if turned or stored is data else [_converted(candidate)]
    known = amounts.keys() & counted(classes).keys()
    if known == {background(classes)}:
        findings.append(_about("mask-empty", candidate, classes, amounts))
    return CheckedTarget(
        record=MaskTarget(file=file, sha256=hashlib.sha256(stored).hexdigest()),
        meaning=_digest(mask),
        amounts=amounts,
        files={file: candidate.source if stored is data else stored},
        findings=[*laid.findings, *findings],
        alone=_about("mask-single-class", candidate, classes, amounts) if len(known) == 1 else None,
    )


def background(classes: dict[int, str]) -> int | None:
    """The class of where there is nothing to be found: one named so, else that of id 0; None without one."""
    names = {name.casefold(): number for number, name in counted(classes).items()}
    named = next((names[name] for name in _BACKGROUND if name in names), None)
    first = 0 if 0 in counted(classes) else None
    without = next((names[name] for name in _NOTHING if name in names), None)
    return next((number for number in (named, first, without) if number is not None), None)


def meaning(target: Target, read: Callable[[str], bytes]) -> str:
    """Digest of a mask's size and ids; `read` gives a file of the commit by path. Raises DataError."""
    if not isinstance(target, MaskTarget):
        raise DataError(f"a target is a {target.kind}, not a mask; ingest the data set again")
    return _digest(decode_mask(read(target.file)))


def picture(candidate: Candidate, classes: dict[int, str], side: int) -> TargetPicture:
    """The mask's classes in their colours, at most `side` pixels a side; nothing where it cannot be read."""
    try:
        image = read_header(candidate.image)
        data = read_file(candidate.source)
        mask = decode_mask(data, max_pixels=max(max_pixels(), image.width * image.height))
        sideways = image.orientation in orientation.SIDEWAYS and image.kind != "TIFF"
        shape = (image.width, image.height) if sideways else (image.height, image.width)
        laid = orientation.lay(mask, data, candidate, shape)
    except DataError:
        return TargetPicture()
    veil = _veil(laid.mask, classes, side)
    if laid.other is None:
        return TargetPicture(veil=veil)
    name = "exif" if candidate.reading == "stored" else "stored"
    other = TargetPicture(name, _veil(laid.other, classes, side))
    return TargetPicture(f"{candidate.reading}, as read", veil, other)


def _veil(mask: NDArray[np.uint8], classes: dict[int, str], side: int) -> bytes:
    scale = min(1.0, side / max(mask.shape))
    shape = max(1, round(mask.shape[0] * scale)), max(1, round(mask.shape[1] * scale))
    return encode_png(_coloured(resize_mask(mask, shape), classes))


def _read_mask(
    candidate: Candidate, image: NDArray[np.uint8], classes: dict[int, str]
) -> tuple[bytes, orientation.Laid, bool]:
    """The file of a mask, the mask as it lies on the image, and whether it was turned for that."""
    try:
        data = read_file(candidate.source)
        drawn = decode_mask(data, max_pixels=max(max_pixels(), image.shape[0] * image.shape[1]))
        laid = orientation.lay(drawn, data, candidate, image.shape[:2])
    except TooLargeError as error:
        raise _rejected("mask-size", candidate, f"mask: {error}") from error
    except DataError as error:
        raise _rejected("mask-unreadable", candidate, str(error)) from error
    mask = laid.mask
    if mask.shape != image.shape[:2]:
        reason = f"mask has {size_of(mask)} pixels, the upright image {size_of(image)}"
        raise _rejected("mask-size", candidate, reason)
    ids = np.unique(mask).tolist()
    if unknown := [value for value in ids if value not in classes]:
        shown = ", ".join(map(str, unknown[:_FEW])) + (", …" if len(unknown) > _FEW else "")
        raise _rejected("mask-unknown-class", candidate, f"mask has ids that are no class: {shown}")
    if not counted(classes).keys() & ids:
        raise RejectedError(_about("mask-ignored", candidate, classes, ids))
    if len(ids) == 1 and ids[0] != background(classes):
        raise RejectedError(_about("mask-single-class", candidate, classes, ids))
    return data, laid, mask is not drawn


def _about(code: str, candidate: Candidate, legend: dict[int, str], ids: Iterable[int]) -> Finding:
    """Say of what alone a mask is; one that is full of 255 for its object should not stay a riddle."""
    names = [legend[number] for number in ids if number in counted(legend)]
    left = ", ".join(str(number) for number in ids if number in ignored(legend))
    words = [f"{name} all over" for name in names] if not left else [f"{name} and" for name in names]
    aside = [f"{left}, which is ignored unless it is named as a class"] if left else []
    return find(code, candidate.id, " ".join(["mask is", *words, *aside]), rules=FINDINGS)


def _rejected(code: str, candidate: Candidate, reason: str) -> RejectedError:
    return RejectedError(find(code, candidate.id, reason, rules=FINDINGS))


def _converted(candidate: Candidate) -> Finding:
    reason = f"{printable(candidate.source.name)} is no 8-bit grey PNG"
    return find("mask-converted", candidate.id, reason, rules=FINDINGS)


def _to_store(mask: NDArray[np.uint8], data: bytes) -> bytes:
    """Return the file itself if it is a PNG of bit depth 8 and colour type grey, else such a PNG."""
    header = data[24:26]  # bit depth and colour type in IHDR (PNG specification, 11.2.2)
    return data if data.startswith(_PNG) and header == b"\x08\x00" else encode_png(mask)


def _digest(mask: NDArray[np.uint8]) -> str:
    return hashlib.sha256(str(mask.shape).encode() + mask.tobytes()).hexdigest()


def _coloured(mask: NDArray[np.uint8], legend: dict[int, str]) -> NDArray[np.uint8]:
    classes = counted(legend)
    table = np.array([*(class_rgb(index) for index in range(len(classes))), _WHITE], np.uint8)
    indices = class_lookup(classes)[mask]
    coloured = table[np.where(indices < 0, len(classes), indices)]
    return hatched(coloured, np.isin(mask, ignored(legend)))
