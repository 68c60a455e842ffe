"""What tables of a source say of its images beside label and split: a camera, a site, an age.

Kept with each item, so that an evaluation can be read by it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pylib.data.dataset import DatasetIndex
from pylib.data.given_splits import SPLIT_COLUMNS, by_name, look_up
from pylib.data.layout import Candidate, subfolders
from pylib.data.names import printable
from pylib.data.tables import LABEL_COLUMNS, MISSING, NAME_COLUMNS, Table, read_table, tables_in
from pylib.errors import DataError

MOST = 20
"""A column of words with more values is a name of the image, not a property, and is not kept."""
_LONGEST = 64
_OTHERS = {*NAME_COLUMNS, *LABEL_COLUMNS, *SPLIT_COLUMNS}


class _Column(NamedTuple):
    """What one table, by its path from the data set's folder, says in a column: cells by id."""

    table: Path
    cells: dict[str, str]


def read_columns(root: Path, candidates: Iterable[Candidate]) -> dict[str, dict[str, str]]:
    """Return the cells of each image, by its id and the column's name, of the tables in a data set's folder.

    Left out are columns of names and of one value, and among numbers cells that say that there is none.
    Raises DataError where two tables differ about an image.
    """
    images = {one.id: [one.image] for one in candidates if one.image.is_relative_to(root)}
    found: dict[str, list[_Column]] = defaultdict(list)
    known: Mapping[str, set[str]] | None = None
    for table in _tables(root):
        known = known or by_name(root, images)
        for column, cells in _cells(table, known).items():
            found[column].append(_Column(table.path.relative_to(root), cells))
    present = {column: _present(parts) for column, parts in found.items()}
    kept = {column: _agreed(column, parts) for column, parts in present.items() if _parts(parts)}
    said: dict[str, dict[str, str]] = defaultdict(dict)
    for column, cells in sorted(kept.items()):
        for item, cell in cells.items():
            said[item][column] = cell
    return dict(said)


def with_columns(index: DatasetIndex, said: Mapping[str, dict[str, str]]) -> DatasetIndex:
    """The index with what is said of its items; those of which nothing is said keep what they have."""
    items = [
        item.model_copy(update={"columns": said[item.id]}) if item.id in said else item
        for item in index.items
    ]
    return index.model_copy(update={"items": items})


def described(said: Mapping[str, dict[str, str]]) -> str:
    """Say for the report what is kept; empty where nothing is."""
    names = sorted({name for cells in said.values() for name in cells})
    return f"kept beside the images, to judge them by: {', '.join(map(printable, names))}" if names else ""


def _tables(root: Path) -> Iterable[Table]:
    for path in (path for folder in (root, *subfolders(root)) for path in tables_in(folder)):
        try:
            table = read_table(path)
        except DataError:
            continue  # whoever needs it says so
        if table.column(NAME_COLUMNS) is not None:
            yield table


def _cells(table: Table, known: Mapping[str, set[str]]) -> dict[str, dict[str, str]]:
    """Cells by column and id, of a table of images."""
    columns = {plain: written for plain, written in table.columns.items() if plain not in _OTHERS}
    name = table.column(NAME_COLUMNS)
    found: dict[str, dict[str, str]] = {plain: {} for plain in columns}
    if name is None or not columns:
        return {}
    try:
        for _, (image, *cells) in table.rows(name, *columns.values()):
            item = look_up(known, image) if image else None
            for plain, cell in zip(columns, cells, strict=True):
                if item is not None and cell:
                    found[plain][item] = cell[:_LONGEST]
    except DataError:
        return {}
    return found


def _present(columns: Sequence[_Column]) -> list[_Column]:
    """The same without cells such as `NA`, where all others are numbers; among words it may be one."""
    cells = {cell for column in columns for cell in column.cells.values()}
    if not all(map(_number, cells - (absent := {cell for cell in cells if cell.casefold() in MISSING}))):
        return list(columns)
    return [
        each._replace(cells={item: cell for item, cell in each.cells.items() if cell not in absent})
        for each in columns
    ]


def _agreed(name: str, columns: Sequence[_Column]) -> dict[str, str]:
    """The cells of a column that several tables may have."""
    agreed: dict[str, str] = {}
    places: dict[str, Path] = {}
    for column in columns:
        for item, cell in column.cells.items():
            if not _same(before := agreed.setdefault(item, cell), cell):
                both = f"{before!r} ({places[item].as_posix()}) and {cell!r} ({column.table.as_posix()})"
                raise DataError(
                    f"{printable(item)}: {printable(name)} is {both}: make the tables agree, or leave one out"
                )
            places.setdefault(item, column.table)
    return agreed


def _same(one: str, other: str) -> bool:
    return one == other or (_number(one) and _number(other) and float(one) == float(other))


def _parts(columns: Sequence[_Column]) -> bool:
    values = {cell for column in columns for cell in column.cells.values()}
    return len(values) > 1 and (len(values) <= MOST or all(map(_number, values)))


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
