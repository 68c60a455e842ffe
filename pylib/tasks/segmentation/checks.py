"""What may be wrong with a mask, what it says, and how a report shows it."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pylib.data.checks import CheckedTarget, RejectedError, size_of
from pylib.data.dataset import MaskTarget, Target, read_file
from pylib.data.findings import Finding, Rule, find
from pylib.data.gallery import TargetPicture
from pylib.data.images import decode_mask, encode_png, resize_mask
from pylib.data.layout import Candidate, Layout
from pylib.data.names import printable
from pylib.errors import ConfigurationError, DataError
from pylib.palette import class_rgb
from pylib.tasks.segmentation.mask_files import MaskValues, class_ids, read_pixels
from pylib.tasks.segmentation.meaning import COLOURS_FIX, choose, described
from pylib.tasks.segmentation.readings import MaskFile, SourceMask
from pylib.tasks.segmentation.records import class_lookup

TARGET = "mask"
AMOUNTS = "pixels"
MIN_SIDE = 32  # the U-Net halves an image five times
DEFAULT_CLASSES: dict[int, str] = {1: "object", 2: "background", 3: "border"}
"""Oxford-IIIT Pet's trimap."""

FINDINGS: dict[str, Rule] = {
    "image-without-mask": Rule(True, "Images without a mask", "draw it, or name it masks/<id>.png"),
    "mask-without-image": Rule(True, "Masks without an image", "add the image, or remove the mask"),
    "mask-unreadable": Rule(True, "Unreadable masks", "save it as PNG, one channel of class ids"),
    "mask-size": Rule(True, "Masks of another size", "export the mask at the size of the upright image"),
    "mask-unknown-class": Rule(
        True, "Masks with unknown ids", "name all classes in classes.yaml or --classes, or draw it again"
    ),
    "mask-single-class": Rule(True, "Masks of one class only", "draw the object, or leave the image out"),
    "mask-converted": Rule(False, "Masks rewritten as PNG", "nothing: how masks were read is said above"),
}
_FEW = 5
_EDGES = 0.05  # up to this share of pixels, unknown colours are what smoothing leaves at edges
_PNG = b"\x89PNG\r\n\x1a\n"
_WHITE = (255, 255, 255)  # ids that are no class


def classes(
    asked: dict[int, str] | None, found: dict[int, str] | None, parent: dict[int, str] | None
) -> dict[int, str]:
    """The first that are given, else the trimap; ConfigurationError unless two or more ids, 0…255."""
    chosen = asked or found or parent or DEFAULT_CLASSES
    if wrong := [number for number in chosen if number > np.iinfo(np.uint8).max]:
        raise ConfigurationError(
            f"classes {chosen}: {wrong[0]} is no mask id; ids are whole numbers from 0 to 255"
        )
    if len(chosen) < 2:  # noqa: PLR2004
        raise ConfigurationError(f"classes {chosen}: a segmentation needs two classes or more")
    return chosen


def settle(layout: Layout, classes: dict[int, str]) -> tuple[list[Candidate], list[str]]:
    """Decide how all masks are read: see meaning. A candidate's source becomes a SourceMask."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(_values, layout.candidates))
    files = [
        MaskFile(printable(candidate.source.relative_to(layout.root).as_posix()), values)
        for candidate, values in zip(layout.candidates, found, strict=True)
        if values
    ]
    chosen = choose(files, classes, layout.colours)
    candidates = [
        replace(one, source=SourceMask(one.source, values, chosen[values.storage] if values else None))
        for one, values in zip(layout.candidates, found, strict=True)
    ]
    return candidates, list(described(files, chosen))


def check(candidate: Candidate, image: NDArray[np.uint8], classes: dict[int, str]) -> CheckedTarget:
    """Read a candidate's mask; an 8-bit grey PNG of ids is stored as it is. Or RejectedError."""
    data, mask = _read_mask(candidate, image, classes)
    stored = _to_store(mask, data)
    file = f"masks/{candidate.id}.png"
    ids, counts = np.unique(mask, return_counts=True)
    return CheckedTarget(
        record=MaskTarget(file=file, sha256=hashlib.sha256(stored).hexdigest()),
        meaning=_digest(mask),
        amounts=dict(zip(ids.tolist(), counts.tolist(), strict=True)),
        files={file: candidate.source.path if stored is data else stored},
        findings=[] if stored is data else [_converted(candidate)],
    )


def meaning(target: Target, read: Callable[[str], bytes]) -> str:
    """Digest of a mask's size and ids; `read` gives a file of the commit by path. Raises DataError."""
    if not isinstance(target, MaskTarget):
        raise DataError(f"a target is a {target.kind}, not a mask; ingest the data set again")
    return _digest(decode_mask(read(target.file)))


def picture(candidate: Candidate, classes: dict[int, str], side: int) -> TargetPicture:
    """The mask's classes in their colours, at most `side` pixels a side; nothing where it cannot be read."""
    try:
        pixels = read_pixels(read_file(candidate.source.path))
    except DataError:
        return TargetPicture()
    found = class_ids(pixels, candidate.source.ids)
    mask = np.where(found < 0, _unused(classes), found).astype(np.uint8)
    scale = min(1.0, side / max(mask.shape))
    shape = max(1, round(mask.shape[0] * scale)), max(1, round(mask.shape[1] * scale))
    return TargetPicture(veil=encode_png(_coloured(resize_mask(mask, shape), classes)))


def _read_mask(
    candidate: Candidate, image: NDArray[np.uint8], classes: dict[int, str]
) -> tuple[bytes, NDArray[np.uint8]]:
    try:
        data = read_file(candidate.source.path)
        pixels = read_pixels(data)
        _ = pixels.summary  # refuses photographs
    except DataError as error:
        raise _rejected("mask-unreadable", candidate, str(error)) from error
    found = class_ids(pixels, candidate.source.ids)
    if found.shape != image.shape[:2]:
        reason = f"mask has {size_of(found)} pixels, the upright image {size_of(image)}"
        raise _rejected("mask-size", candidate, reason)
    _check_values(candidate, found)
    mask = found.astype(np.uint8)
    ids = np.unique(mask).tolist()
    if unknown := [value for value in ids if value not in classes]:
        raise _unknown(candidate, "ids", [str(value) for value in unknown], np.isin(mask, unknown))
    if len(ids) == 1:
        raise _rejected("mask-single-class", candidate, f"mask is {classes[ids[0]]} all over")
    return data, mask


def _values(candidate: Candidate) -> MaskValues | None:
    """What is in a candidate's mask; None where that cannot be read, which its check will say."""
    try:
        return read_pixels(read_file(candidate.source)).summary
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


def _coloured(mask: NDArray[np.uint8], classes: dict[int, str]) -> NDArray[np.uint8]:
    table = np.array([*(class_rgb(index) for index in range(len(classes))), _WHITE], np.uint8)
    indices = class_lookup(classes)[mask]
    return table[np.where(indices < 0, len(classes), indices)]
