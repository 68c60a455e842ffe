"""Answered requests, out of the log that the model server keeps: found by id, and what was answered."""

import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pylib.errors import ProvenanceError
from pylib.store.request_log import begun_with, find_record

_BEGINNING = re.compile(r"[0-9a-f]{8}(-[0-9a-f-]{0,27})?")
_SHOWN = 3
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


def find_begun(log: Path | str, beginning: str) -> dict[str, Any] | None:
    """The one answer whose id begins with these 8 or more characters, as pages show it; None where none does.

    All of the log is looked through. Raises ProvenanceError where several do; StoreError.
    """
    found = begun_with(str(log), beginning) if _BEGINNING.fullmatch(beginning) else {}
    if len(found) > 1:
        raise ProvenanceError(f"{len(found)} answers have ids that begin with {beginning}: give more of it")
    return next(iter(found.values()), None)


def answer(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The task's summary of an answer, as its server logged it; empty where it logged none."""
    former = {name: entry[name] for name in _FORMER if name in entry}
    return dict(entry.get("answer") or former)


def in_words(summary: Mapping[str, Any]) -> str:
    """A summary in one line: shares by name as per cent, other values with their names."""
    return ", ".join(_words(summary))


def headline(summary: Mapping[str, Any]) -> str:
    """The answer itself, without how probable everything else is: its label, or its largest shares."""
    if "label" in summary:
        return f"unsure, perhaps {summary['label']}" if summary.get("unsure") else str(summary["label"])
    shares = next((value for value in summary.values() if isinstance(value, Mapping)), {})
    largest = sorted(shares.items(), key=lambda each: -each[1])[:_SHOWN]
    return ", ".join(f"{name} {share:.0%}" for name, share in largest) or in_words(summary)


def _words(summary: Mapping[str, Any]) -> Iterator[str]:
    for name, value in summary.items():
        if isinstance(value, Mapping):
            yield from (f"{part} {share:.0%}" for part, share in value.items())
        elif isinstance(value, bool):
            yield from [name.replace("_", " ")] if value else []
        else:
            shown = f"{value:.3g}" if isinstance(value, float) else value
            yield f"{name.replace('_', ' ')} {shown}"
