"""A source of brightness: images/, and beside it targets.csv with a header `id,value`."""

import csv
from collections.abc import Iterator
from pathlib import Path

from pylib.data.findings import Finding, find
from pylib.data.layout import (
    IMAGES,
    Candidate,
    Files,
    Layout,
    by_id,
    elsewhere,
    ignored,
    roots,
    single,
    twice,
)
from pylib.data.names import printable
from pylib.errors import DataError
from pylib.tasks.brightness.checks import FINDINGS

TARGETS = "targets.csv"


def read_layout(folder: Path, place: str) -> Layout:
    """Each image with the text that targets.csv has for its id; raises DataError where there is no such."""
    root = next(
        (each for each in roots(folder) if (each / IMAGES).is_dir() and (each / TARGETS).is_file()), None
    )
    if root is None:
        raise DataError(f"{place}: no {IMAGES}/ and {TARGETS} side by side in it; put them there")
    values = _values(root / TARGETS)
    images, others = by_id(root / IMAGES, root)
    passed_over = [*others, *elsewhere(root, root / IMAGES, root / TARGETS)]
    findings = [*ignored(passed_over), *twice(images, root), *_without_value(images, values)]
    found = single(images)
    candidates = [Candidate(item, found[item], values[item]) for item in sorted(found.keys() & values.keys())]
    return Layout(root, candidates, None, findings)


def _values(path: Path) -> dict[str, str]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if rows and not {"id", "value"} <= rows[0].keys():
        raise DataError(f"{path.name}: its header is not id,value; write it as the first line")
    return {row["id"]: row["value"] for row in rows}


def _without_value(images: Files, values: dict[str, str]) -> Iterator[Finding]:
    for item in sorted(images.keys() - values.keys()):
        yield find("image-without-value", printable(item), f"{TARGETS} has no such id", rules=FINDINGS)
