"""A source of classification: a folder of images for each class, or a table of images and labels."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pylib.data import classes as legends
from pylib.data.dataset import SplitName
from pylib.data.findings import Finding, find
from pylib.data.given_splits import Given, described, read_given
from pylib.data.images import true_extension
from pylib.data.layout import (
    IMAGES,
    Candidate,
    Files,
    Layout,
    Reviewed,
    by_id,
    elsewhere,
    hidden,
    ignored,
    is_picture,
    single,
    subfolders,
    twice,
    without_extension,
)
from pylib.data.names import printable
from pylib.errors import DataError
from pylib.tasks.classification import label_tables
from pylib.tasks.classification.checks import FINDINGS
from pylib.tasks.classification.class_names import check_distinct, check_printable, in_order, plain
from pylib.tasks.classification.folders import Place, find_places


@dataclass
class _Found:
    """A data set as it lies there: images by id, their labels and splits, and files that are no images.

    by: the rows of tables that say the splits, by id; none where folders do
    """

    root: Path
    images: Files
    labels: dict[str, str]
    splits: dict[str, SplitName]
    others: list[Path]
    assumed: list[str]
    findings: list[Finding] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    by: dict[str, label_tables.Row] = field(default_factory=dict)


def read_layout(folder: Path, place: str) -> Layout:
    """Read a table of images and labels where there is one, else a folder for each class, at or below folder.

    A candidate's source is the name of its class. Raises DataError, which names the place, where there is
    neither, and ConfigurationError where names of classes cannot be told apart.
    """
    found = _by_table(folder) or _by_folders(folder, place)
    given = _given(found)
    own = {path.relative_to(found.root) for path in (found.root / legends.FILE, *given.files, *found.tables)}
    others = [path for path in found.others if path not in own]
    one = single(found.images)
    candidates = [
        Candidate(item, one[item], plain(label), given.splits.get(item))
        for item, label in sorted(found.labels.items())
        if item in one
    ]
    check_printable(found.labels.values())
    check_distinct(found.labels.values())
    findings = [*ignored(others), *twice(found.images, found.root), *given.findings, *found.findings]
    names = in_order(one.source for one in candidates)
    return Layout(
        found.root,
        candidates,
        legends.read_classes(found.root / legends.FILE) or dict(enumerate(names)),
        findings,
        [*found.assumed, *described(given, candidates)],
    )


def write_source(folder: Path, items: Mapping[str, Reviewed], classes: Mapping[int, str]) -> None:  # noqa: ARG001
    """Write images/<id> and labels.csv; raises DataError where a truth has no label."""
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["path", "label"])
        for item, reviewed in items.items():
            path = folder / IMAGES / f"{item}.{true_extension(reviewed.image)}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(reviewed.image)
            if not (label := str(reviewed.truth.get("label", ""))):
                raise DataError(f"{item}: its truth has no label: review it again")
            table.writerow([path.relative_to(folder).as_posix(), label])


def _by_table(folder: Path) -> _Found | None:
    if (tables := label_tables.find_tables(folder)) is None:
        return None
    root, paths = tables
    inside, _ = by_id(root / IMAGES, root)
    everywhere, others = by_id(root, root)
    images = inside if len(inside) == len(everywhere) else everywhere  # ids without images/ where that is all
    found = label_tables.read_labels(root, paths, images)
    settled = {*found.labels, *(finding.item for finding in found.findings)}
    without = [
        find("image-without-label", printable(item), "no row of a table names it", rules=FINDINGS)
        for item in sorted(images)
        if printable(item) not in settled and item not in settled
    ]
    said = label_tables.described(paths, root)
    findings = [*found.findings, *without]
    return _Found(root, images, found.labels, found.splits, others, [said], findings, paths, found.by)


def _by_folders(folder: Path, place: str) -> _Found:
    if (places := find_places(folder, place)) is None:
        hint = label_tables.columns_of(folder)
        raise DataError(
            f"{place}: no folder of images for each class in it, and no table of images and labels"
            f"{f' ({hint})' if hint else '; put the images of each class into a folder of its name'}"
        )
    root, folders = places
    images: Files = {}
    others = []
    labels: dict[str, str] = {}
    splits: dict[str, SplitName] = {}
    for each in folders:
        inside, passed = by_id(each.folder, root, prefix=each.prefix)
        images |= inside
        others += passed
        labels |= dict.fromkeys(inside, each.name)
        splits |= dict.fromkeys(inside, each.split) if each.split else {}
    rest = elsewhere(root, *(each.folder for each in folders))
    strays = [path for path in rest if is_picture(root / path) and not any(map(hidden, path.parts))]
    findings = [*_without_label(strays), *_empty(root, folders)]
    others += [path for path in rest if path not in strays]
    return _Found(root, images, labels, splits, others, [_described(root, folder, folders)], findings)


def _given(found: _Found) -> Given:
    """The splits of lists and tables, and of folders or rows, which must agree."""
    given = read_given(found.root, found.images, less=found.tables)
    for item, split in found.splits.items():
        if given.splits.setdefault(item, split) != split:
            by = found.by[item].place if item in found.by else "its folder"
            raise DataError(
                f"{printable(item)} is in {split} by {by}, and {given.places[item]} says "
                f"{given.splits[item]}: make them agree"
            )
    given.by.extend(dict.fromkeys(row.split_by for row in found.by.values()))
    return given


def _without_label(strays: list[Path]) -> Iterator[Finding]:
    for path in strays:
        item = printable(without_extension(path.as_posix()))
        yield find("image-without-label", item, "it lies in no class's folder", rules=FINDINGS)


def _empty(root: Path, folders: list[Place]) -> Iterator[Finding]:
    """Name the folders that could be a class's, but for their lack of images."""
    for beside in dict.fromkeys(each.folder.parent for each in folders):
        for sub in subfolders(beside):
            if sub not in {each.folder for each in folders}:
                name = printable(sub.relative_to(root).as_posix())
                yield find("class-empty", name, "it holds no image, and is no class", rules=FINDINGS)


def _described(root: Path, folder: Path, folders: list[Place]) -> str:
    where = "the top" if root == folder else printable(root.relative_to(folder).as_posix()) + "/"
    names = in_order(plain(each.name) for each in folders)
    shown = ", ".join(map(printable, names[:8])) + (", …" if names[8:] else "")
    return f"classes are the folders of {where} that hold images: {shown}"
