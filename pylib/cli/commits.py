"""How `data log` tells of commits: a line each below a header; a record is said in words."""

from collections.abc import Iterable, Iterator

from rich.filesize import decimal

from pylib.store.descriptions import said_of
from pylib.store.protocol import Commit


def lines(commits: Iterable[Commit]) -> Iterator[str]:
    """A header, then each commit: its whole id, by which it is named, when, how much, what."""
    rows = [_row(each) for each in commits]
    header = ("commit", "made", "files", "size", "what")
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(commit: Commit) -> tuple[str, str, str, str, str]:
    made = f"{commit.created.astimezone():%Y-%m-%d %H:%M:%S}"
    return commit.id, made, str(commit.files), decimal(commit.size), said_of(commit.description)
