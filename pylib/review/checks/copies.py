"""New images that look like those of the test split, and floods of images that look alike."""

from collections import defaultdict
from collections.abc import Iterator

from pylib.data.duplicates import clusters, near_pairs
from pylib.data.findings import Finding, find
from pylib.review.checks.material import Material

FLOOD = 5
"""So many images of one source that look alike are a flood: one photograph, sent again and again."""
_FEW = 5


def of_the_test(material: Material) -> Iterator[Finding]:
    """Name what looks like a test image: put beside it, it makes the test say less.

    What is a test image, byte by byte, ingest leaves out by itself.
    """
    test = {item.id: item.phash for item in material.parent.index.split("test")}
    new = {sample.id: sample.phash for sample in material.new}
    ids = [*test, *new]
    pairs = near_pairs([*test.values(), *new.values()])
    for one, other in ((ids[first], ids[second]) for first, second in pairs):
        if one in test and other in new:
            yield find("test-duplicate", other, f"it looks like {one}, which is in the test split", [one])


def floods(material: Material) -> Iterator[Finding]:
    """Name the groups of images that look alike in one source, those that are there already among them."""
    sources: dict[str, dict[str, str]] = defaultdict(dict)
    for sample in material.new:
        sources[sample.id.partition("/")[0]][sample.id] = sample.phash
    for source, new in sources.items():
        old = {i.id: i.phash for i in material.parent.index.items if i.id.startswith(f"{source}/")}
        hashes = old | new
        ids = list(hashes)
        pairs = near_pairs([hashes[item] for item in ids])
        for same in clusters((ids[one], ids[other]) for one, other in pairs):
            fresh = [item for item in same if item in new]
            if fresh and len(same) >= FLOOD:
                reason = f"{len(same)} images of {source} look alike, {len(fresh)} of them new"
                yield find(
                    "source-flood", fresh[0], reason, [item for item in same if item != fresh[0]][:_FEW]
                )
