"""How many bits the images of a data set have, and how many of them are in use: one number for all.

Cameras write 10, 12 or 14 bits into files of 16, which do not say so; taken for 16, they are almost black.
Neither can one image tell: it may be a dark one. So the whole set decides.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pylib.data.dataset import SAMPLE_BITS, read_file
from pylib.data.findings import Finding, find
from pylib.data.images import image_depth, largest_sample
from pylib.data.layout import Candidate
from pylib.errors import DataError

_BYTE, _WORD = 8, 16
_FEW = 5
_DARK = 2  # an image that leaves so many of the upper bits unused is dark, or another camera's


@dataclass(frozen=True)
class Depths:
    """What images have; `sample_bits` are in use in files with more than 8, None where there are none."""

    sample_bits: int | None
    assumption: str
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class _Depth:
    id: str
    bits: int
    largest: int | None = None  # of a file with more than 8 bits


def survey(
    candidates: Sequence[Candidate],
    name: str,
    kept: int | None = None,
    *,
    workers: int | None = None,
    max_pixels: int | None = None,
) -> Depths:
    """Look at the headers of all images, and at the pixels of those with more than 8 bits.

    `kept` are the bits in use among images that the commit will hold beside these. What cannot be read is
    passed over here: the check of each image says why.
    """
    with ThreadPoolExecutor(workers) as pool:
        depths = [depth for depth in pool.map(lambda one: _look(one, max_pixels), candidates) if depth.bits]
    largest = max((depth.largest for depth in depths if depth.largest is not None), default=None)
    own = None if largest is None else next((bits for bits in SAMPLE_BITS if largest < 1 << bits), _WORD)
    used = max((bits for bits in (own, kept) if bits is not None), default=None)
    counts = Counter(depth.bits for depth in depths)
    said = "images: " + (
        ", ".join(f"{count} of {bits} bits" for bits, count in sorted(counts.items())) or "none"
    )
    if own is not None:
        said += f"; {used} of 16 bits are in use (values up to {largest:,}), and scaled to 8"
    return Depths(used, said, [*_mixed(depths, name), *_dark(depths, name, used or _WORD, own, kept)])


def _look(candidate: Candidate, max_pixels: int | None) -> _Depth:
    bits = image_depth(candidate.image)
    if bits <= _BYTE:
        return _Depth(candidate.id, bits)
    try:
        largest = largest_sample(read_file(candidate.image), max_pixels=max_pixels)
    except DataError:
        return _Depth(candidate.id, 0)
    return _Depth(candidate.id, bits, largest) if largest < 1 << _WORD else _Depth(candidate.id, 0)


def _mixed(depths: list[_Depth], name: str) -> Iterator[Finding]:
    deep = [depth.id for depth in depths if depth.bits > _BYTE]
    flat = [depth.id for depth in depths if depth.bits <= _BYTE]
    if deep and flat:
        few, bits = (deep, "more than 8 bits") if len(deep) <= len(flat) else (flat, "8 bits or fewer")
        reason = f"{len(few)} of {len(depths)} images have {bits}: {_listed(few)}"
        yield find("depth-mixed", name, reason, few)


def _dark(depths: list[_Depth], name: str, used: int, own: int | None, kept: int | None) -> Iterator[Finding]:
    dark = [
        depth.id
        for depth in depths
        if depth.largest is not None and depth.largest < 1 << (min(used, depth.bits) - _DARK)
    ]
    if dark:
        reason = f"{len(dark)} images use less than a quarter of the {used} bits of the others: "
        yield find("depth-mixed", name, reason + _listed(dark), dark)
    if own is not None and kept is not None and own != kept:
        yield find("depth-mixed", name, f"images of the parent commit use {kept} bits, these {own}")


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items[:_FEW]) + (", …" if len(items) > _FEW else "")
