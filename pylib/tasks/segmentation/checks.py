"""What may be wrong with a mask, what it says, and how a report shows it."""

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pylib.data.checks import CheckedTarget, RejectedError, size_of
from pylib.data.classes import IGNORE, VOID, counted, ignored
from pylib.data.dataset import MaskTarget, Target, read_file
from pylib.data.findings import Finding, Rule, find
from pylib.data.gallery import TargetPicture
from pylib.data.images import TooLargeError, decode_mask, encode_png, read_header, resize_mask
from pylib.data.layout import Candidate, Layout, Settled
from pylib.data.names import printable
from pylib.errors import ConfigurationError, DataError
from pylib.palette import class_rgb, hatched
from pylib.settings import max_pixels
from pylib.tasks.segmentation import orientation
from pylib.tasks.segmentation.contradictions import COLOURS_FIX, check_numbers
from pylib.tasks.segmentation.kept_colours import unheld
from pylib.tasks.segmentation.mask_files import MaskValues, class_ids, read_pixels
from pylib.tasks.segmentation.meaning import choose, described, given_colours
from pylib.tasks.segmentation.readings import MaskFile, SourceMask
from pylib.tasks.segmentation.records import class_lookup

TARGET = "mask"
AMOUNTS = "pixels"
MIN_SIDE = 32  # the U-Net halves an image five times
NEW_CLASSES = False  # what shows one was drawn as another class before
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
    "mask-converted": Rule(False, "Masks rewritten as PNG", "nothing: how masks were read is said above"),
}
_FEW = 5
_EDGES = 0.05  # up to this share of pixels, unknown colours are what smoothing leaves at edges
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


def settle(layout: Layout, classes: dict[int, str], max_pixels: int) -> Settled:
    """Decide how all masks are read: see meaning. A candidate's source becomes a SourceMask."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda one: _values(one, max_pixels), layout.candidates))
    files = [
        MaskFile(printable(candidate.source.relative_to(layout.root).as_posix()), values)
        for candidate, values in zip(layout.candidates, found, strict=True)
        if values
    ]
    given = given_colours(classes, layout.colours)
    chosen = choose(files, classes, given, layout.kept or {})
    check_numbers(files, chosen, classes, layout)
    candidates = [
        replace(one, source=SourceMask(one.source, values, chosen[values.storage] if values else None))
        for one, values in zip(layout.candidates, found, strict=True)
    ]
    return Settled(candidates, [*described(files, chosen), *unheld(files, chosen, layout.kept)])


def check(candidate: Candidate, image: NDArray[np.uint8], classes: dict[int, str]) -> CheckedTarget:
    """Read a candidate's mask; an 8-bit grey PNG of ids is stored as it is. Or RejectedError."""
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
        files={file: candidate.source.path if stored is data else stored},
        findings=[*laid.findings, *findings],
        colours=candidate.source.colours,
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
        data = read_file(candidate.source.path)
        mask, _ = _drawn(candidate, data, classes, image.width * image.height)
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


def _drawn(
    candidate: Candidate, data: bytes, classes: dict[int, str], pixels: int
) -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
    """A mask as its file has it, of at most so many pixels: what means nothing is an unused id, and -1."""
    decoded = read_pixels(data, max_pixels=max(max_pixels(), pixels))
    _ = decoded.summary  # refuses photographs
    found = class_ids(decoded, candidate.source.ids)
    return np.where(found < 0, _unused(classes), found).astype(np.uint8), found


def _veil(mask: NDArray[np.uint8], classes: dict[int, str], side: int) -> bytes:
    scale = min(1.0, side / max(mask.shape))
    shape = max(1, round(mask.shape[0] * scale)), max(1, round(mask.shape[1] * scale))
    return encode_png(_coloured(resize_mask(mask, shape), classes))


def _read_mask(
    candidate: Candidate, image: NDArray[np.uint8], classes: dict[int, str]
) -> tuple[bytes, orientation.Laid, bool]:
    """The file of a mask, the mask as it lies on the image, and whether it was turned for that."""
    try:
        data = read_file(candidate.source.path)
        drawn, found = _drawn(candidate, data, classes, image.shape[0] * image.shape[1])
        laid = orientation.lay(drawn, data, candidate, image.shape[:2])
    except TooLargeError as error:
        raise _rejected("mask-size", candidate, f"mask: {error}") from error
    except DataError as error:
        raise _rejected("mask-unreadable", candidate, str(error)) from error
    mask = laid.mask
    if mask.shape != image.shape[:2]:
        reason = f"mask has {size_of(mask)} pixels, the upright image {size_of(image)}"
        raise _rejected("mask-size", candidate, reason)
    _check_values(candidate, found)
    ids = np.unique(mask).tolist()
    if unknown := [value for value in ids if value not in classes]:
        raise _unknown(candidate, "ids", [str(value) for value in unknown], np.isin(mask, unknown))
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


def _values(candidate: Candidate, most: int) -> MaskValues | None:
    """What is in a candidate's mask; None where that cannot be read, which its check will say."""
    try:
        return read_pixels(read_file(candidate.source), max_pixels=most).summary
    except DataError:
        return None


def _check_values(candidate: Candidate, mask: NDArray[np.int16]) -> None:
    """Reject a mask with values that are no id at all, such as a colour that no class has."""
    source: SourceMask = candidate.source
    if mask.min() >= 0:
        return
    if source.is_coloured and not source.by_colour:
        reason = f"mask is in colours ({_listed(source.unknown)}), and none is a class's: {COLOURS_FIX}"
        raise _rejected("mask-unreadable", candidate, reason)
    raise _unknown(candidate, "colours" if source.by_colour else "values", source.unknown, mask < 0)


def _unknown(candidate: Candidate, what: str, names: list[str], where: NDArray[np.bool]) -> RejectedError:
    reason = f"mask has {what} that are no class: {_listed(names)}"
    if where.mean() < _EDGES and len(names) > 1:
        reason += (
            f" ({where.sum()} of {where.size} pixels: smoothed edges? draw and export without smoothing)"
        )
    return _rejected("mask-unknown-class", candidate, reason)


def _listed(values: list[str]) -> str:
    return ", ".join(values[:_FEW]) + (", …" if len(values) > _FEW else "")


def _unused(classes: dict[int, str]) -> int:
    """An id that is no class."""
    return next((number for number in range(255, -1, -1) if number not in classes), 255)


def _rejected(code: str, candidate: Candidate, reason: str) -> RejectedError:
    return RejectedError(find(code, candidate.id, reason, rules=FINDINGS))


def _converted(candidate: Candidate) -> Finding:
    reason = f"{printable(candidate.source.path.name)} is no 8-bit grey PNG"
    return find("mask-converted", candidate.id, reason, rules=FINDINGS)


def _to_store(mask: NDArray[np.uint8], data: bytes) -> bytes:
    """Return the file itself if it is a PNG of these ids, bit depth 8, colour type grey; else such one."""
    header = data[24:26]  # bit depth and colour type in IHDR (PNG specification, 11.2.2)
    as_it_is = data.startswith(_PNG) and header == b"\x08\x00" and np.array_equal(decode_mask(data), mask)
    return data if as_it_is else encode_png(mask)


def _digest(mask: NDArray[np.uint8]) -> str:
    return hashlib.sha256(str(mask.shape).encode() + mask.tobytes()).hexdigest()


def _coloured(mask: NDArray[np.uint8], legend: dict[int, str]) -> NDArray[np.uint8]:
    classes = counted(legend)
    table = np.array([*(class_rgb(index) for index in range(len(classes))), _WHITE], np.uint8)
    indices = class_lookup(classes)[mask]
    coloured = table[np.where(indices < 0, len(classes), indices)]
    return hatched(coloured, np.isin(mask, ignored(legend)))
