"""How `data log` tells of commits: a line each below a header; a record is said in words."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from rich.filesize import decimal

from pylib.store.protocol import Commit

_WIDTH = 60


def lines(commits: Iterable[Commit]) -> Iterator[str]:
    """A header, then each commit: its whole id, by which it is named, when, how much, what."""
    rows = [_row(each) for each in commits]
    header = ("commit", "made", "files", "size", "what")
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(commit: Commit) -> tuple[str, str, str, str, str]:
    made = f"{commit.created.astimezone():%Y-%m-%d %H:%M:%S}"
    return commit.id, made, str(commit.files), decimal(commit.size), _said(commit.description)


def _said(description: str) -> str:
    """A description's first words; of an ingest's record, where the images are from and what they are."""
    try:
        definition = json.loads(description)["predicate"]["buildDefinition"]
        given, used = definition["externalParameters"], definition["resolvedDependencies"]
        source = next(str(each["uri"]) for each in used if each["name"] == "source")
        return _ingested(given, source)
    except (ValueError, TypeError, LookupError, StopIteration):
        line = " ".join(description[: 4 * _WIDTH].split())
        return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"


def _ingested(given: dict[str, Any], source: str) -> str:
    verb = "added" if given["add"] else "ingested"
    rejected = f", {given['rejected']} rejected" if given["rejected"] else ""
    return f"{verb} {source}: {given['task']}, {len(given['classes'])} classes{rejected}"
