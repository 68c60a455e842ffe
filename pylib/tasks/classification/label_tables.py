"""Labels from tables: a row an image, with columns for its path and its class, and perhaps for its split."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pylib.data.dataset import SplitName
from pylib.data.findings import Finding, find
from pylib.data.given_splits import SPLIT_COLUMNS, split_named, split_of_cell
from pylib.data.layout import Files, levels, subfolders
from pylib.data.names import printable
from pylib.data.tables import LABEL_COLUMNS, NAME_COLUMNS, header, read_table, tables_in
from pylib.errors import DataError
from pylib.tasks.classification.checks import FINDINGS
from pylib.tasks.classification.class_names import plain
from pylib.tasks.classification.folders import with_pictures
from pylib.tasks.classification.references import References

_FEW = 3


@dataclass(frozen=True)
class Row:
    """A row of a table: where it stands, the image that it names, its label, and its split if it says one.

    split_by: what says the split, a column or the table's own name, in words
    """

    table: Path
    place: str
    image: str
    label: str
    split: SplitName | None
    split_by: str


@dataclass
class Labels:
    """Labels and splits by the images' ids, the rows that say the splits, and what did not fit."""

    labels: dict[str, str] = field(default_factory=dict)
    splits: dict[str, SplitName] = field(default_factory=dict)
    by: dict[str, Row] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def find_tables(folder: Path) -> tuple[Path, list[Path]] | None:
    """The data set's own folder, and the tables of labels in it or in a folder of it without images."""
    for level in levels(folder):
        for root in level:
            holding = with_pictures(root)
            aside = [sub for sub in subfolders(root) if sub not in holding]
            tables = [path for each in (root, *aside) for path in tables_in(each) if _is_one(path)]
            if tables:
                return root, tables
    return None


def read_labels(root: Path, tables: list[Path], images: Files) -> Labels:
    """What the tables say of images that are given by id.

    Raises DataError where they say nothing of any, and where two of them contradict each other: which of them
    is right, nobody can tell from one image. A table that contradicts itself is a finding.
    """
    rows = [row for path in tables for row in _rows(path, root)]
    known = References(root, images, [row.image for row in rows if row.image])
    found, said = Labels(), defaultdict[str, dict[str, Row]](dict)
    missing = 0
    for row in rows:
        items = known.find(row.image, row.table.parent) if row.image else set()
        if len(items) == 1:
            (item,) = items
            said[item].setdefault(plain(row.label), row)
            _split(found, item, row)
        else:
            missing += 1
            found.findings.append(_lost(row, items))
    if missing == len(rows):
        names = ", ".join(printable(path.name) for path in tables)
        raise DataError(
            f"{names}: none of {len(rows)} rows names an image that is here{_first(rows)}; "
            "put the images beside it, or correct its paths"
        )
    found.findings += _settled(said, found.labels)
    return found


def described(tables: list[Path], root: Path) -> str:
    """Say for the report where the labels are from."""
    names = ", ".join(printable(path.relative_to(root).as_posix()) for path in tables)
    table = read_table(tables[0])
    name, label = table.column(NAME_COLUMNS), table.column(LABEL_COLUMNS)
    return f"labels are those of {names}: images by the column {name!r}, classes by the column {label!r}"


def columns_of(folder: Path) -> str:
    """What the first table is called that has no such columns, and what it has; empty without a table."""
    for level in levels(folder):
        for path in (path for root in level for path in tables_in(root)):
            line = printable(header(path).strip())
            return f"{printable(path.name)} begins with {line[:60]!r}: call its columns path and label"
    return ""


def _is_one(path: Path) -> bool:
    if not any(column in header(path) for column in LABEL_COLUMNS):
        return False  # of something else, in whatever encoding
    table = read_table(path)
    return table.column(NAME_COLUMNS) is not None and table.column(LABEL_COLUMNS) is not None


def _rows(path: Path, root: Path) -> Iterator[Row]:
    table, name = read_table(path), printable(path.relative_to(root).as_posix())
    columns = [table.column(known) for known in (NAME_COLUMNS, LABEL_COLUMNS, SPLIT_COLUMNS)]
    for line, (image, label, *cell) in table.rows(*(column for column in columns if column is not None)):
        place, text = f"{name}, line {line}", cell[0] if cell else ""
        if image or label or text:
            split = split_of_cell(text, place) if text else split_named(path.stem)
            by = f"the column {columns[-1]!r} of {name}" if text else f"the name of {name}"
            yield Row(path, place, image, label, split, by)


def _split(found: Labels, item: str, row: Row) -> None:
    if row.split is None:
        return
    before = found.by.setdefault(item, row)
    if found.splits.setdefault(item, row.split) != row.split:
        both = f"{found.splits[item]} ({before.place}) and in {row.split} ({row.place})"
        raise DataError(f"{printable(item)} is in {both}: leave it in one of them")


def _lost(row: Row, items: set[str]) -> Finding:
    name, few = printable(row.image), ", ".join(map(printable, sorted(items)[:_FEW]))
    if items:
        reason = f"{row.place}: it fits {len(items)} images ({few}{', …' * (len(items) > _FEW)})"
        return find("label-ambiguous", name, reason, sorted(items), rules=FINDINGS)
    reason = f"{row.place}: there is no such image" if name else f"{row.place}: it names no image"
    return find("label-without-image", name or row.place, reason, rules=FINDINGS)


def _settled(said: Mapping[str, Mapping[str, Row]], labels: dict[str, str]) -> Iterator[Finding]:
    """Take over what is said once, and name the others; raises DataError where two tables differ."""
    for item, rows in sorted(said.items()):
        if len(rows) > 1:
            both = " and ".join(
                f"{printable(label) or 'nothing'} ({row.place})" for label, row in rows.items()
            )
            if len({row.table for label, row in rows.items() if label}) > 1:
                raise DataError(f"{printable(item)} is {both}: make the tables agree, or leave one out")
            yield find("label-contradictory", printable(item), f"it is {both}", rules=FINDINGS)
        elif "" in rows:
            reason = f"{rows[''].place}: the label is empty"
            yield find("image-without-label", printable(item), reason, rules=FINDINGS)
        else:
            labels[item] = next(iter(rows))


def _first(rows: list[Row]) -> str:
    return f" (the first: {printable(rows[0].image) or rows[0].place})" if rows else ""
