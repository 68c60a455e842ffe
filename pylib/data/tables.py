"""Tables that people write: CSV and TSV with a header, in UTF-8, whatever separates their columns."""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pylib.data.layout import hidden
from pylib.data.names import printable
from pylib.errors import DataError, one_line

MISSING = {"", "-", ".", "?", "na", "n/a", "#n/a", "nan", "none", "null"}
"""How people and programs write among numbers that there is no value, in lower case."""

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
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_AFTER_A_QUOTE = re.compile(r'" +(?=[,;\t\n]|$)')  # csv refuses a space there, which people leave for the eye


class Rows:
    """A table's lines as cells: its `header`, then each row by its line, where a line is a row.

    Lines that are empty are none. DataError names file and line: of what is no CSV, and of a cell that goes
    on in the next line, because a quote that nobody closed takes the rows after it into its cell.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        text = read_text(path)
        first = text.partition("\n")[0]
        self.delimiter = max(",;\t", key=first.count)
        self._reader = csv.reader(
            (_AFTER_A_QUOTE.sub('"', line[0]) for line in re.finditer(r"[^\n]*\n|[^\n]+", text)),
            delimiter=self.delimiter,
            skipinitialspace=True,
            strict=True,
        )
        self.header = self._next() or []

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        while (cells := self._next()) is not None:
            if cells:
                yield self._reader.line_num, cells

    def _next(self) -> list[str] | None:
        """The next row; None after the last."""
        line = self._reader.line_num + 1
        try:
            cells = next(self._reader, None)
        except csv.Error as error:
            said = one_line(error)
            if self._reader.line_num > line or "unexpected end" in said:
                raise self._open_quote(line) from error
            raise DataError(f"{self.path.name}, line {line}: {said}; save it as CSV again") from error
        if self._reader.line_num > line:
            raise self._open_quote(line)
        return cells

    def _open_quote(self, line: int) -> DataError:
        return DataError(
            f"{self.path.name}, line {line}: a quote is open at its end; close it, a cell is one line"
        )


@dataclass(frozen=True)
class Table:
    """A table of images that is being read: its columns as they are written, by plain name; its rows."""

    path: Path
    columns: dict[str, str]
    lines: Rows

    def column(self, names: Iterable[str]) -> str | None:
        """The first of these columns that it has, as it is written there."""
        return next((self.columns[name] for name in names if name in self.columns), None)

    def rows(self, *columns: str) -> Iterator[tuple[int, list[str]]]:
        """The cells of these columns, without spaces around them, by their line; raises DataError.

        A row may be shorter than the header: the cells that it lacks are empty.
        """
        header = self.lines.header
        places = [header.index(column) for column in columns]
        for line, cells in self.lines:
            if any(map(str.strip, cells[len(header) :])):
                raise DataError(
                    f"{self.path.name}, line {line}: {len(cells)} cells, the header has {len(header)}; "
                    "quote a text that holds the mark between columns"
                )
            yield line, [cells[place].strip() if place < len(cells) else "" for place in places]


def tables_in(folder: Path) -> list[Path]:
    """The CSV and TSV files of a folder, less hidden ones."""
    found = [*folder.glob("*.[cC][sS][vV]"), *folder.glob("*.[tT][sS][vV]")]
    return sorted(path for path in found if path.is_file() and not hidden(path.name))


def header(path: Path) -> str:
    """A table's first line in lower case, in whatever encoding: enough to see what it is about."""
    with path.open("rb") as stream:
        return stream.readline(_LONGEST_HEADER).decode("latin-1").replace("\0", "").casefold()


def read_table(path: Path) -> Table:
    """Open a table of images; raises DataError where it is not UTF-8, or has two columns of one name."""
    lines = Rows(path)
    columns: dict[str, str] = {}
    for column in filter(str.strip, lines.header):
        plain = column.strip().casefold()
        if plain in columns:
            both = f"{printable(columns[plain])!r} and {printable(column)!r}"
            raise DataError(f"{path.name}, line 1: the columns {both} have one name; rename one of them")
        columns[plain] = column
    return Table(path, columns, lines)


def read_text(path: Path) -> str:
    """A file's text, with or without a byte order mark; raises DataError."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, UnicodeDecodeError) and data.startswith(_UTF_16):
            raise DataError(f"{path.name}: it is UTF-16; save it as UTF-8") from error
        raise DataError(f"{path.name}: it cannot be read ({one_line(error)}); save it as UTF-8") from error
    if "\0" in text:
        raise DataError(f"{path.name}: it has zero bytes, as UTF-16 has; save it as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")
