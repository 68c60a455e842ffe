"""Exact and near duplicates among images, by SHA-256 and by a perceptual hash, whatever their labels are."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pylib.data.findings import Finding, find

NEAR_BITS = 4
"""Two images are near duplicates if their hashes differ in at most so many of the 64 bits."""

_BLOCK = 1024


@dataclass(frozen=True)
class Labelled:
    """An image by id, with the SHA-256 of its bytes and its label: what its target means to the task.

    `given` is the split that its source gives it, if it gives any.
    """

    id: str
    sha256: str
    label: str
    given: str | None = None


def exact_duplicates(
    items: Sequence[Labelled], *, known: Collection[str] = (), fixed: Collection[str] = ()
) -> Iterator[Finding]:
    """Find images of the same bytes: one is kept if their labels agree, none if they do not.

    The one kept is a `known` one, of an earlier commit, if there is any, else the one with the smallest id.
    What is `fixed` stays whatever its label is. In each split that a source gives, one is kept.
    """
    by_digest: dict[str, list[Labelled]] = defaultdict(list)
    for item in items:
        by_digest[item.sha256].append(item)
    for same in by_digest.values():
        if len(same) == 1:
            continue
        contradictory = len({item.label for item in same}) > 1
        order = sorted(same, key=lambda item: (item.id not in fixed, item.id not in known, item.id))
        first = {item.given: item.id for item in reversed(order)}
        for item in (item for item in same if item.id not in fixed):
            if contradictory:
                others = sorted(other.id for other in same if other.label != item.label)
                reason = f"the same image has another label as {', '.join(others)}"
                yield find("duplicate-contradictory", item.id, reason, others)
            elif item.id != (other := first[item.given] if item.given else _kept(order)):
                yield find("duplicate", item.id, f"the same image and label as {other}", [other])


def _kept(order: Sequence[Labelled]) -> str:
    """The one that is kept of what no split is given to: one of a given split, if there is any."""
    return next((item.id for item in order if item.given), order[0].id)


def perceptual_hash(image: NDArray[np.uint8]) -> str:
    """Perceptual hash of uint8 [H, W, 3], 16 hex digits: which of its 8x8 lowest DCT terms are high."""
    return str(imagehash.phash(Image.fromarray(image)))


def near_pairs(hashes: Sequence[str], bits: int = NEAR_BITS) -> list[tuple[int, int]]:
    """Return all index pairs (i < j) whose hashes differ in at most `bits` bits, in order.

    Compares all pairs, a block of rows at a time: memory grows with the number of hashes, not its square.
    """
    values = np.array([int(value, 16) for value in hashes], dtype=np.uint64)
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(values), _BLOCK):
        rows = values[start : start + _BLOCK, None]
        near = np.bitwise_count(rows ^ values[None, start:]) <= bits
        first, second = np.nonzero(np.triu(near, k=1))
        pairs.extend(zip((first + start).tolist(), (second + start).tolist(), strict=True))
    return pairs


def clusters(links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the ids that links join, directly or through others; each list sorted, in order of the first."""
    root: dict[str, str] = {}

    def find_root(item: str) -> str:
        while (above := root.setdefault(item, item)) != item:
            root[item] = item = root[above]
        return item

    for one, other in links:
        low, high = sorted((find_root(one), find_root(other)))
        root[high] = low
    members: dict[str, list[str]] = defaultdict(list)
    for item in sorted(root):
        members[find_root(item)].append(item)
    return [members[key] for key in sorted(members)]
