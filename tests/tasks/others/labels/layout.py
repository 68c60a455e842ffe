from pathlib import Path

from pylib.tasks.labels.checks import FINDINGS

from pylib.data.findings import find
from pylib.data.layout import IMAGES, Candidate, Layout, by_id, ignored, roots, single, twice
from pylib.errors import DataError


def read_layout(folder: Path, place: str) -> Layout:
    root = next((root for root in roots(folder) if (root / IMAGES).is_dir()), None)
    if root is None:
        raise DataError(f"{place}: no images/ in it; put a folder for each class there")
    images, others = by_id(root / IMAGES, root)
    one = single(images)
    candidates = [Candidate(item, one[item], item.partition("/")[0]) for item in sorted(one) if "/" in item]
    names = sorted({candidate.source for candidate in candidates})
    findings = [*ignored(others), *twice(images, root)]
    findings += [
        find("image-without-class", item, f"{item} is in no class's folder", rules=FINDINGS)
        for item in sorted(images)
        if "/" not in item
    ]
    return Layout(root, candidates, dict(enumerate(names)), findings)
