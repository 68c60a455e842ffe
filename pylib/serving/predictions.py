"""The logs of answers and of feedback: one JSON object a line, so that an answer can be traced by its id."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from pylib.errors import ServingError


class PredictionRecord(TypedDict):
    """One answered request.

    time: UTC, ISO 8601; image_sha256: of the bytes received; answer: what the task keeps of its answer. Older
    lines have `class_shares` and `mean_confidence` in the place of `answer`.
    """

    prediction_id: str
    time: str
    model_digest: str
    data_commit: str
    git_commit: str
    image_sha256: str
    answer: dict[str, Any]


class JsonLines:
    """Appends records to a file that several worker processes share.

    Each record is one write(2) to a file opened with O_APPEND, which POSIX keeps in one piece:
    https://pubs.opengroup.org/onlinepubs/9799919799/functions/write.html
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise ServingError(f"log {path} cannot be written: {error.strerror}") from error

    def append(self, record: Mapping[str, object]) -> None:
        """Write one record; raises OSError, on a full disk for example."""
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        if os.write(self._file, line) != len(line):
            raise OSError("log: the disk is full")
