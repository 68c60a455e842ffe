"""A table of numbers as people hand it over: a CSV or TSV file with a header, read whole or refused."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pylib.data.tables import Rows, header
from pylib.errors import DataError, one_line
from pylib.tabular.numerals import CommaError, Commas, Points, fault_of

MAX_BYTES = 256 * 1024**2
"""Of one file: what a step reads within the 2 GiB that the pipeline gives it."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Its columns' names in order; its values, float64 [rows, columns], all finite."""

    columns: tuple[str, ...]
    values: Floats


def read(path: Path) -> Table:
    """Read a table; DataError names the file, the line, the column and the likely fix."""
    try:
        try:
            return _read(path, commas=False)
        except CommaError:
            return _read(path, commas=True)
    except DataError as error:
        said = str(error)
        raise error if said.startswith(path.name) else DataError(f"{path.name}, {said}") from error


def _read(path: Path, *, commas: bool) -> Table:
    _check_size(path)
    rows = Rows(path)
    columns = _columns(rows.header)
    numbers = Commas(columns) if commas else Points(columns, commas=rows.delimiter != ",")
    values = array("d")
    for line, cells in _checked(rows, columns):
        values.extend(numbers.read(line, cells))
    numbers.end()
    return Table(columns, np.frombuffer(values or b"", dtype=np.float64).reshape(-1, len(columns)))


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(
            f"{path.name}: {size / 1024**2:.0f} MiB, and at most {MAX_BYTES // 1024**2} MiB are read; "
            "commit fewer lines or columns"
        )
    if not header(path).strip("\ufeff\xef\xbb\xbf \r\n"):
        raise DataError("line 1: it is empty; the names of the columns stand there")


def _columns(names: Sequence[str]) -> tuple[str, ...]:
    """The header's names, each there once; DataError for anything else."""
    columns = tuple(name.strip() for name in names)
    if all(fault_of(name) is None for name in columns):
        raise DataError("line 1: it has numbers only; the names of the columns stand there")
    if len(columns) == 1:
        raise DataError(
            f"line 1: one column, {one_line(columns[0], 60)!r}; separate columns by comma, semicolon or tab"
        )
    for place, name in enumerate(columns, 1):
        if not name:
            raise DataError(
                f"line 1, column {place}: it has no name; name it, or leave it out (pandas: index=False)"
            )
        if (first := columns.index(name) + 1) != place:
            raise DataError(
                f"line 1, column {name!r}: there twice, as columns {first} and {place}; rename one"
            )
    return columns


def _checked(rows: Rows, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Each row's cells by its line, as many as there are columns."""
    for line, cells in rows:
        if len(cells) != len(columns):
            raise DataError(
                f"line {line}: {len(cells)} cells, the header has {len(columns)}; "
                "separate columns by one mark throughout, and quote a text that holds it"
            )
        yield line, cells
