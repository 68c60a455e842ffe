"""Answered requests, out of the log that the model server keeps: found by id, and what was answered."""

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pylib.store.request_log import find_record

_FORMER = ("class_shares", "mean_confidence")
"""What lines held in the place of `answer` before there was more than one task."""


def find_prediction(log: Path | str, identifier: str) -> dict[str, Any] | None:
    """The answer of that id in the log, a file or the URL of a folder or bucket; None where it has none.

    What is no prediction's id is not looked for: a bucket may hold many. Raises StoreError.
    """
    try:
        uuid.UUID(identifier)
    except ValueError:
        return None
    return find_record(str(log), identifier)


def answer(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The task's summary of an answer, as its server logged it; empty where it logged none."""
    former = {name: entry[name] for name in _FORMER if name in entry}
    return dict(entry.get("answer") or former)


def in_words(summary: Mapping[str, Any]) -> str:
    """A summary in one line: shares by name as per cent, other values with their names."""
    return ", ".join(_words(summary))


def _words(summary: Mapping[str, Any]) -> Iterator[str]:
    for name, value in summary.items():
        if isinstance(value, Mapping):
            yield from (f"{part} {share:.0%}" for part, share in value.items())
        elif isinstance(value, bool):
            yield from [name.replace("_", " ")] if value else []
        else:
            shown = f"{value:.3g}" if isinstance(value, float) else value
            yield f"{name.replace('_', ' ')} {shown}"
