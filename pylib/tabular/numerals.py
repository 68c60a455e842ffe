"""Cells of a table as numbers, with a point or a comma before the decimals; what is neither is named."""

import re
from collections.abc import Sequence
from math import isfinite

from pylib.data.tables import MISSING
from pylib.errors import DataError, one_line

_WITH_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)


class CommaError(Exception):
    """A cell has a comma where a number has a point: the table may have commas before all decimals."""


class Points:
    """Reads rows whose numbers have a point before their decimals, as most tables do."""

    def __init__(self, columns: Sequence[str], *, commas: bool) -> None:
        self.columns, self.commas = columns, commas

    def read(self, line: int, cells: Sequence[str]) -> list[float]:
        """A row's numbers, all finite; DataError names the column. CommaError where `commas` may be meant."""
        try:
            numbers = [float(cell) for cell in cells]
        except ValueError:
            numbers = []
        # Python reads 1_000 as a number; no table means it so.
        if numbers and all(map(isfinite, numbers)) and "_" not in "".join(cells):
            return numbers
        for column, cell in zip(self.columns, cells, strict=True):
            self._check(line, column, cell.strip())
        return numbers

    def end(self) -> None:
        """Nothing is left open."""

    def _check(self, line: int, column: str, cell: str) -> None:
        if self.commas and _WITH_COMMA.fullmatch(cell):
            raise CommaError
        if fault := fault_of(cell):
            raise wrong(line, column, *fault)


class Commas:
    """Reads rows whose numbers have a comma there, such as a German Excel writes."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns, self.points = columns, Points(columns, commas=False)
        self.first: tuple[int, str, str] | None = None
        self.certain = False

    def read(self, line: int, cells: Sequence[str]) -> list[float]:
        """A row's numbers; DataError names the first column that has a point, or no number."""
        for column, cell in zip(self.columns, map(str.strip, cells), strict=True):
            if "." in cell and not fault_of(cell):
                raise wrong(line, column, f"{cell!r} has a point, other numbers of the table a comma",
                            "write a point before all decimals")  # fmt: skip
            if "," in cell and not self.certain:
                self.first = self.first or (line, column, cell)
                self.certain = not _THOUSANDS.fullmatch(cell)
        return self.points.read(line, [cell.replace(",", ".", 1) for cell in cells])

    def end(self) -> None:
        """Raise DataError where every comma might as well stand between thousands."""
        if self.first and not self.certain:
            line, column, cell = self.first
            either = f"{cell!r} may be {cell.replace(',', '')} or {cell.replace(',', '.', 1)}"
            raise wrong(line, column, either, "write a point before decimals, and nothing between thousands")


def fault_of(cell: str) -> tuple[str, str] | None:
    """What is wrong with a cell, and what to do about it; None for a finite number."""
    if cell.casefold() in MISSING:
        said = f"no value ({cell})" if cell else "no value"
        return said, "fill it in, or leave out the line or the column"
    if _INFINITE.fullmatch(cell):
        return f"{cell} is infinite", "write a number, or leave out the line"
    try:
        number = float("" if "_" in cell else cell)
    except ValueError:
        return f"{one_line(cell, 40)!r} is no number", "write numbers only, or leave out the column"
    if not isfinite(number):
        return f"{one_line(cell, 40)} is more than 64 bits hold", "write another unit, or leave out the line"
    return None


def wrong(line: int, column: str, what: str, fix: str) -> DataError:
    """What is wrong with a cell, in one line that names its place; the reader puts the file's name before."""
    return DataError(f"line {line}, column {column!r}: {what}; {fix}")
