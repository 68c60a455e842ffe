"""Tables that people write: CSV and TSV with a header, in UTF-8, whatever separates their columns."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pylib.data.layout import hidden
from pylib.errors import DataError, one_line

NAME_COLUMNS = (
    "path",
    "image",
    "file",
    "filename",
    "file_name",
    "image_path",
    "filepath",
    "file_path",
    "img_path",
    "image_name",
    "id",
    "image_id",
    "name",
    "img",
)
"""What the column of images is called, the likeliest first."""

LABEL_COLUMNS = (
    "class_name",
    "label_name",
    "category_name",
    "label",
    "class",
    "category",
    "target",
    "labels",
    "classes",
)
"""What the column of classes is called; names come before what may be numbers."""

_LONGEST_HEADER = 1 << 16


@dataclass(frozen=True)
class Table:
    """A table that is being read: its columns as they are written, by their plain names, and its rows."""

    path: Path
    columns: dict[str, str]
    reader: "csv.DictReader[str]"

    def column(self, names: Iterable[str]) -> str | None:
        """The first of these columns that it has, as it is written there."""
        return next((self.columns[name] for name in names if name in self.columns), None)

    def rows(self, *columns: str) -> Iterator[tuple[int, list[str]]]:
        """The cells of these columns, without spaces around them, by their line; raises DataError."""
        try:
            for row in self.reader:
                yield self.reader.line_num, [(row[column] or "").strip() for column in columns]
        except csv.Error as error:
            raise DataError(
                f"{self.path.name}, line {self.reader.line_num}: {one_line(error)}; save it as CSV again"
            ) from error


def tables_in(folder: Path) -> list[Path]:
    """The CSV and TSV files of a folder, less hidden ones."""
    found = [*folder.glob("*.[cC][sS][vV]"), *folder.glob("*.[tT][sS][vV]")]
    return sorted(path for path in found if path.is_file() and not hidden(path.name))


def header(path: Path) -> str:
    """A table's first line in lower case, in whatever encoding: enough to see what it is about."""
    with path.open("rb") as stream:
        return stream.readline(_LONGEST_HEADER).decode("latin-1").casefold()


def read_table(path: Path) -> Table:
    """Open a table whose header is not empty; raises DataError where it is not UTF-8."""
    lines = read_text(path).splitlines()
    delimiter = max(",;\t", key=lines[0].count)
    reader = csv.DictReader(lines, delimiter=delimiter, skipinitialspace=True)
    columns = {column.strip().casefold(): column for column in reader.fieldnames or [] if column}
    return Table(path, columns, reader)


def read_text(path: Path) -> str:
    """A file's text, with or without a byte order mark; raises DataError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name}: it cannot be read ({one_line(error)}); save it as UTF-8") from error
