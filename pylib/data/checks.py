"""Looking inside each candidate: what is wrong with the image, and, by the task, with its target."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pylib.data.colours import Colour
from pylib.data.containers import UPRIGHT
from pylib.data.dataset import SplitName, Target, read_file
from pylib.data.duplicates import perceptual_hash
from pylib.data.findings import Finding, find
from pylib.data.images import TooLargeError, decode_image, page_count, read_header, true_extension
from pylib.data.layout import Candidate
from pylib.data.names import printable
from pylib.errors import DataError

if TYPE_CHECKING:
    from pylib.tasks import aspects

_SAME = {"jpeg": "jpg", "jpe": "jpg", "jfif": "jpg", "tiff": "tif"}


@dataclass(frozen=True)
class CheckedTarget:
    """A target that is good by itself, as the index records it.

    `meaning` is equal for targets that say the same, whatever file they came in; `amounts` counts how much
    there is of each class id; `files` are the target's own, by path in the commit: a file of the source, or
    its bytes where that cannot be stored as it is; `findings` are worth knowing and reject nothing; `colours`
    are those that show a class id in it, for later commits to be held against. `alone` is the finding that
    rejects it where no other target of the data set has a class that it lacks.
    """

    record: Target
    meaning: str
    amounts: dict[int, int] = field(default_factory=dict)
    files: dict[str, bytes | Path] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    colours: Mapping[int, Collection[Colour]] = field(default_factory=dict)
    alone: Finding | None = None


@dataclass(frozen=True)
class CheckedSample:
    """A sample that is good by itself; `image_sha256` is of the bytes to store.

    `orientation` is what EXIF says of the image, 1 to 8; `pages` are in its file, frames too; `given` is the
    split that the source gives it.
    """

    id: str
    image: Path
    extension: str
    image_sha256: str
    width: int
    height: int
    phash: str
    target: CheckedTarget
    orientation: int = UPRIGHT
    pages: int = 1
    given: SplitName | None = None

    @property
    def path(self) -> str:
        """Where the image is in the commit."""
        return f"images/{self.id}.{self.extension}"

    @property
    def files(self) -> dict[str, bytes | Path]:
        """The image and the target's own files, by path in the commit."""
        return {self.path: self.image} | self.target.files


class RejectedError(Exception):
    """Ends the check of a candidate."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.reason)
        self.finding = finding


def examine(
    candidates: Sequence[Candidate],
    classes: dict[int, str],
    checks: "aspects.Checks",
    *,
    sample_bits: int | None = None,
    workers: int | None = None,
    max_pixels: int | None = None,
) -> tuple[list[CheckedSample], list[Finding]]:
    """Decode and check all candidates in threads; return the good ones in order, and the findings.

    `sample_bits` is as in `decode_image`.
    """
    good: list[CheckedSample] = []
    findings: list[Finding] = []
    with ThreadPoolExecutor(workers) as pool:
        results = pool.map(
            lambda candidate: _examine(candidate, classes, checks, sample_bits, max_pixels), candidates
        )
        for sample, found in tqdm(results, total=len(candidates), desc="check", unit="image", disable=None):
            findings += found
            if sample:
                good.append(sample)
    return good, findings


def size_of(array: NDArray[Any]) -> str:
    """Width x height of an array [H, W, …], for messages."""
    return f"{array.shape[1]}x{array.shape[0]}"


def _examine(
    candidate: Candidate,
    classes: dict[int, str],
    checks: "aspects.Checks",
    sample_bits: int | None,
    max_pixels: int | None,
) -> tuple[CheckedSample | None, list[Finding]]:
    try:
        data, image, pages = _read_image(candidate, checks.MIN_SIDE, sample_bits, max_pixels)
        target = checks.check(candidate, image, classes)
    except RejectedError as error:
        return None, [error.finding]
    sample = CheckedSample(
        id=candidate.id,
        image=candidate.image,
        extension=true_extension(data),
        image_sha256=hashlib.sha256(data).hexdigest(),
        width=image.shape[1],
        height=image.shape[0],
        phash=perceptual_hash(image),
        target=target,
        orientation=read_header(data).orientation,
        pages=pages,
        given=candidate.split,
    )
    return sample, [*_extension_wrong(sample), *_several_pages(sample), *target.findings]


def _read_image(
    candidate: Candidate, min_side: int, sample_bits: int | None, max_pixels: int | None
) -> tuple[bytes, NDArray[np.uint8], int]:
    try:
        data = read_file(candidate.image)
        image = decode_image(data, sample_bits=sample_bits, max_pixels=max_pixels)
        pages = page_count(data)
    except TooLargeError as error:
        raise RejectedError(find("image-too-large", candidate.id, str(error))) from error
    except DataError as error:
        raise RejectedError(find("image-unreadable", candidate.id, str(error))) from error
    if min(image.shape[:2]) < min_side:
        reason = f"{size_of(image)} pixels, and the shorter side must have {min_side}"
        raise RejectedError(find("image-too-small", candidate.id, reason))
    return data, image, pages


def _extension_wrong(sample: CheckedSample) -> list[Finding]:
    claimed = sample.image.suffix.lower().removeprefix(".")
    if _SAME.get(claimed, claimed) == sample.extension:
        return []
    reason = f"{printable(sample.image.name)} holds a {sample.extension.upper()}"
    return [find("extension-wrong", sample.id, reason)]


def _several_pages(sample: CheckedSample) -> list[Finding]:
    """Training and the server take the first, as was taken here: whether that is right, a person knows."""
    if sample.pages == 1:
        return []
    reason = f"{printable(sample.image.name)} has {sample.pages} pages or frames, and the first is taken"
    return [find("image-pages", sample.id, reason)]
