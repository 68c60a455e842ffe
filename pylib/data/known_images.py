"""Which splits images have already: those of the parent commit's items, also under another name."""

from collections import defaultdict
from collections.abc import Mapping

from pylib.data.dataset import SPLITS, Item, SplitName
from pylib.data.split import missing_splits

Splits = dict[str, SplitName]


def known_splits(
    digests: Mapping[str, str], old: Mapping[str, Item], given: Mapping[str, SplitName]
) -> tuple[Splits, Splits]:
    """Return, by id, the splits that are settled and those that are pinned, as `split.assign` takes them.

    `digests` are the SHA-256 of the images there are, by id; `old` the parent's items; `given` the splits
    that sources give. Settled are images that the parent has, under their id or, where that has another
    image by now or none, under any: a file that was renamed, or moved to another class's folder, is the
    image that models learned from or were tested on. Pinned are ids that have an image nobody knows.
    A split that the source gives to a name that is new stays given.
    """
    settled: Splits = {}
    pinned: Splits = {}
    renamed = _without_their_id(digests, old)
    cut = {"train", *missing_splits(given.values())}
    for item, digest in digests.items():
        before = old.get(item)
        free = {*SPLITS} if item not in given else cut if given[item] == "train" else set()
        if before and before.image_sha256 == digest:
            settled[item] = before.split
        elif known := [split for split in SPLITS if split in renamed[digest] & free]:
            settled[item] = known[0]
        elif before:
            pinned[item] = before.split
    return settled, pinned


def _without_their_id(digests: Mapping[str, str], old: Mapping[str, Item]) -> defaultdict[str, set[str]]:
    """The splits, by SHA-256, of the parent's images that are not there under their id any more."""
    splits = defaultdict[str, set[str]](set)
    for item in old.values():
        if digests.get(item.id) != item.image_sha256:
            splits[item.image_sha256].add(item.split)
    return splits
