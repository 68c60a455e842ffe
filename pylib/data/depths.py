"""How many bits the images of a data set have, and how many of them are in use: one number for all.

Cameras write 10, 12 or 14 bits into files of 16, which do not say so; taken for 16, they are almost black.
Neither can one image tell: it may be a dark one. So the whole set decides.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pylib.data.assemble import Parent
from pylib.data.dataset import SAMPLE_BITS, read_file
from pylib.data.findings import Finding, find
from pylib.data.images import image_depth, largest_sample
from pylib.data.layout import Candidate
from pylib.errors import DataError

_BYTE, _WORD = 8, 16
_FEW = 5
_DARK = 2  # an image that leaves so many of the upper bits unused is dark, or another camera's


@dataclass(frozen=True)
class Depth:
    """What an image has; `largest` is the largest value in a file with more than 8 bits."""

    id: str
    bits: int
    largest: int | None = None


@dataclass(frozen=True)
class Depths:
    """What images have; `sample_bits` are in use in files with more than 8, None where there are none."""

    sample_bits: int | None
    assumption: str
    findings: list[Finding] = field(default_factory=list)


def look(
    candidates: Sequence[Candidate], *, workers: int | None = None, max_pixels: int | None = None
) -> list[Depth]:
    """Look at the headers of all images, and at the pixels of those with more than 8 bits.

    What cannot be read is passed over here: the check of each image says why.
    """
    with ThreadPoolExecutor(workers) as pool:
        return [depth for depth in pool.map(lambda one: _look(one, max_pixels), candidates) if depth.bits]


def bits_beside(base: Parent | None, depths: Sequence[Depth]) -> int | None:
    """The bits in use in the images of a commit that is added to, 8 where all have so many; None without one.

    A commit of before they were recorded was read as if all 16 were. Its files are looked at only where it
    matters, beside deeper images than 8 bits. Raises what reading the commit does.
    """
    if base is None or base.index.sample_bits or not any(depth.largest is not None for depth in depths):
        return base.index.sample_bits if base else None
    paths = (item.image for item in base.index.items)
    return _WORD if any(image_depth(base.read(path)) > _BYTE for path in paths) else _BYTE


def survey(depths: Sequence[Depth], name: str, kept: int | None = None) -> Depths:
    """Let images decide how many bits are in use; `kept` are those that the commit will hold beside these."""
    largest = max((depth.largest for depth in depths if depth.largest is not None), default=None)
    own = None if largest is None else next((bits for bits in SAMPLE_BITS if largest < 1 << bits), _WORD)
    used = max((bits for bits in (own, kept) if bits is not None), default=None)
    counts = Counter(depth.bits for depth in depths)
    said = "images: " + (
        ", ".join(f"{count} of {bits} bits" for bits, count in sorted(counts.items())) or "none"
    )
    if own is not None:
        said += f"; {used} of 16 bits are in use (values up to {largest:,}), and scaled to 8"
    findings = [*_mixed(depths, name), *_dark(depths, name, used or _WORD)]
    if depths:
        findings += _beside(name, own or _BYTE, kept)
    return Depths(used, said, findings)


def _look(candidate: Candidate, max_pixels: int | None) -> Depth:
    bits = image_depth(candidate.image)
    if bits <= _BYTE:
        return Depth(candidate.id, bits)
    try:
        largest = largest_sample(read_file(candidate.image), max_pixels=max_pixels)
    except DataError:
        return Depth(candidate.id, 0)
    return Depth(candidate.id, bits, largest) if largest < 1 << _WORD else Depth(candidate.id, 0)


def _mixed(depths: Sequence[Depth], name: str) -> Iterator[Finding]:
    deep = [depth.id for depth in depths if depth.bits > _BYTE]
    flat = [depth.id for depth in depths if depth.bits <= _BYTE]
    if deep and flat:
        few, bits = (deep, "more than 8 bits") if len(deep) <= len(flat) else (flat, "8 bits or fewer")
        reason = f"{len(few)} of {len(depths)} images have {bits}: {_listed(few)}"
        yield find("depth-mixed", name, reason, few)


def _dark(depths: Sequence[Depth], name: str, used: int) -> Iterator[Finding]:
    dark = [
        depth.id
        for depth in depths
        if depth.largest is not None and depth.largest < 1 << (min(used, depth.bits) - _DARK)
    ]
    if dark:
        reason = f"{len(dark)} images use less than a quarter of the {used} bits of the others: "
        yield find("depth-mixed", name, reason + _listed(dark), dark)


def _beside(name: str, own: int, kept: int | None) -> Iterator[Finding]:
    """Name what is read otherwise than the images of the parent commit, or darkens those."""
    if kept is not None and kept != own:
        darker = (
            f": those of the parent are {1 << (own - kept)} times darker now" if own > kept > _BYTE else ""
        )
        yield find("depth-mixed", name, f"images of the parent commit use {kept} bits, these {own}{darker}")


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items[:_FEW]) + (", …" if len(items) > _FEW else "")
