"""A source of brightness: images/, and beside it targets.csv with a header `id,value`."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from pylib.data.findings import Finding, find
from pylib.data.images import true_extension
from pylib.data.layout import (
    IMAGES,
    Candidate,
    Files,
    Layout,
    Reviewed,
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


def write_source(folder: Path, items: Mapping[str, Reviewed], classes: Mapping[int, str]) -> None:
    """Write images/<id> and targets.csv."""
    with (folder / TARGETS).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "value"])
        for item, reviewed in items.items():
            path = folder / IMAGES / f"{item}.{true_extension(reviewed.image)}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(reviewed.image)
            table.writerow([item, reviewed.truth["brightness"]])


def _values(path: Path) -> dict[str, str]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if rows and not {"id", "value"} <= rows[0].keys():
        raise DataError(f"{path.name}: its header is not id,value; write it as the first line")
    return {row["id"]: row["value"] for row in rows}


def _without_value(images: Files, values: dict[str, str]) -> Iterator[Finding]:
    for item in sorted(images.keys() - values.keys()):
        yield find("image-without-value", printable(item), f"{TARGETS} has no such id", rules=FINDINGS)
