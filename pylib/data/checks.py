"""Looking inside each image and mask: what is wrong with the pair by itself."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pylib.data.dataset import MaskTarget, Target, read_file
from pylib.data.duplicates import perceptual_hash
from pylib.data.findings import Finding, find
from pylib.data.images import decode_image, decode_mask, encode_png, true_extension
from pylib.data.layout import Candidate
from pylib.data.names import printable
from pylib.errors import DataError

MIN_SIDE = 32
"""Images with a shorter side than this are too small: the networks halve an image five times."""

_FEW = 5
_PNG = b"\x89PNG\r\n\x1a\n"
_SAME = {"jpeg": "jpg", "jpe": "jpg", "jfif": "jpg", "tiff": "tif"}


@dataclass(frozen=True)
class CheckedSample:
    """A sample that is good by itself. Digests are of the bytes to store.

    `meaning` is equal for targets that say the same, whatever file they came in; `amounts` counts how much
    there is of each class id; `files` are the target's own, by path in the commit: a file of the source, or
    its bytes where that cannot be stored as it is.
    """

    id: str
    image: Path
    extension: str
    image_sha256: str
    width: int
    height: int
    phash: str
    target: Target
    meaning: str
    amounts: dict[int, int]
    files: dict[str, bytes | Path]


def examine(
    candidates: Sequence[Candidate],
    classes: dict[int, str],
    *,
    min_side: int = MIN_SIDE,
    workers: int | None = None,
) -> tuple[list[CheckedSample], list[Finding]]:
    """Decode all pairs in threads; return the good ones in order, and the findings."""
    good: list[CheckedSample] = []
    findings: list[Finding] = []
    with ThreadPoolExecutor(workers) as pool:
        results = pool.map(lambda candidate: _examine(candidate, classes, min_side), candidates)
        for examined, found in tqdm(results, total=len(candidates), desc="check", unit="image", disable=None):
            findings += found
            if examined:
                good.append(examined)
    return good, findings


def mask_digest(mask: NDArray[np.uint8]) -> str:
    """Digest of a mask's size and ids, whatever file it came in."""
    return hashlib.sha256(str(mask.shape).encode() + mask.tobytes()).hexdigest()


class _RejectedError(Exception):
    """Ends the examination of a pair."""

    def __init__(self, code: str, item: str, reason: str) -> None:
        super().__init__(reason)
        self.finding = find(code, item, reason)


def _examine(
    candidate: Candidate, classes: dict[int, str], min_side: int
) -> tuple[CheckedSample | None, list[Finding]]:
    try:
        image_data, image = _read_image(candidate, min_side)
        mask_data, mask = _read_mask(candidate, image, classes)
    except _RejectedError as error:
        return None, [error.finding]
    extension = true_extension(image_data)
    stored = _mask_to_store(mask, mask_data)
    file = f"masks/{candidate.id}.png"
    ids, counts = np.unique(mask, return_counts=True)
    examined = CheckedSample(
        id=candidate.id,
        image=candidate.image,
        extension=extension,
        image_sha256=hashlib.sha256(image_data).hexdigest(),
        width=image.shape[1],
        height=image.shape[0],
        phash=perceptual_hash(image),
        target=MaskTarget(file=file, sha256=hashlib.sha256(stored).hexdigest()),
        meaning=mask_digest(mask),
        amounts=dict(zip(ids.tolist(), counts.tolist(), strict=True)),
        files={file: candidate.mask if stored is mask_data else stored},
    )
    return examined, _notes(examined, candidate.mask)


def _read_image(candidate: Candidate, min_side: int) -> tuple[bytes, NDArray[np.uint8]]:
    try:
        data = read_file(candidate.image)
        image = decode_image(data)
    except DataError as error:
        raise _RejectedError("image-unreadable", candidate.id, str(error)) from error
    if min(image.shape[:2]) < min_side:
        reason = f"{_size(image)} pixels, and the shorter side must have {min_side}"
        raise _RejectedError("image-too-small", candidate.id, reason)
    return data, image


def _read_mask(
    candidate: Candidate, image: NDArray[np.uint8], classes: dict[int, str]
) -> tuple[bytes, NDArray[np.uint8]]:
    try:
        data = read_file(candidate.mask)
        mask = decode_mask(data)
    except DataError as error:
        raise _RejectedError("mask-unreadable", candidate.id, str(error)) from error
    if mask.shape != image.shape[:2]:
        reason = f"mask has {_size(mask)} pixels, the upright image {_size(image)}"
        raise _RejectedError("mask-size", candidate.id, reason)
    ids = np.unique(mask).tolist()
    if unknown := [value for value in ids if value not in classes]:
        shown = ", ".join(map(str, unknown[:_FEW])) + (", …" if len(unknown) > _FEW else "")
        raise _RejectedError("mask-unknown-class", candidate.id, f"mask has ids that are no class: {shown}")
    if len(ids) == 1:
        raise _RejectedError("mask-single-class", candidate.id, f"mask is {classes[ids[0]]} all over")
    return data, mask


def _mask_to_store(mask: NDArray[np.uint8], data: bytes) -> bytes:
    """Return the file itself if it is a PNG of bit depth 8 and colour type grey, else such a PNG."""
    header = data[24:26]  # bit depth and colour type in IHDR (PNG specification, 11.2.2)
    return data if data.startswith(_PNG) and header == b"\x08\x00" else encode_png(mask)


def _notes(examined: CheckedSample, mask: Path) -> list[Finding]:
    notes = []
    claimed = examined.image.suffix.lower().removeprefix(".")
    if _SAME.get(claimed, claimed) != examined.extension:
        reason = f"{printable(examined.image.name)} holds a {examined.extension.upper()}"
        notes.append(find("extension-wrong", examined.id, reason))
    if mask not in examined.files.values():
        reason = f"{printable(mask.name)} is no 8-bit grey PNG"
        notes.append(find("mask-converted", examined.id, reason))
    return notes


def _size(array: NDArray[np.uint8]) -> str:
    return f"{array.shape[1]}x{array.shape[0]}"
