import csv
from pathlib import Path

from pylib.tasks.values.checks import FINDINGS

from pylib.data.findings import find
from pylib.data.layout import IMAGES, Candidate, Layout, by_id, elsewhere, ignored, roots, single, twice
from pylib.errors import DataError

FILE = "targets.csv"


def read_layout(folder: Path, place: str) -> Layout:
    root = next((root for root in roots(folder) if (root / FILE).is_file()), None)
    if root is None:
        raise DataError(f"{place}: no {FILE} in it; write one with the columns id and value")
    with (root / FILE).open(newline="") as stream:
        values = {row["id"]: row["value"] for row in csv.DictReader(stream)}
    images, others = by_id(root / IMAGES, root)
    one = single(images)
    findings = [*ignored(elsewhere(root, root / IMAGES, root / FILE)), *ignored(others), *twice(images, root)]
    findings += [
        find("image-without-value", item, f"{item} is not in {FILE}", rules=FINDINGS)
        for item in sorted(images.keys() - values.keys())
    ]
    candidates = [Candidate(item, one[item], values[item]) for item in sorted(one.keys() & values.keys())]
    return Layout(root, candidates, None, findings)
