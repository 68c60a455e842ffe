"""The answers that the page got, with the images asked about, so that one can be looked at and corrected.

A folder an answer, whole or not there at all; the oldest make room. It is no record: what somebody says of an
answer goes into the inbox, and what a server answered is in its log.
"""

import json
import shutil
import tempfile
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pylib.errors import NotFoundError
from pylib.serving.client import Prediction
from pylib.tasks.task import Task, find

_KEPT, _BYTES = 1000, 2**30
_RECORD, _IMAGE = "answer.json", "image"


class Answered(NamedTuple):
    """An answer: who asked, when (UTC, ISO 8601), which served model, what it said, in how many seconds."""

    by: str
    time: str
    model: str
    task: str
    content: dict[str, Any]
    tags: dict[str, str]
    seconds: float

    @property
    def id(self) -> str:
        """The prediction's."""
        return self.tags["prediction_id"]

    def read(self) -> tuple[Task, Any]:
        """The task, and the answer as it reads it."""
        asked = find(self.task)
        return asked, asked.answer.read(self.content)


class Answers:
    """The answers in a folder, which is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, prediction: Prediction, *, image: bytes, by: str, model: str) -> Answered:
        """Keep an answer and its image."""
        answered = Answered(
            by=by,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            model=model,
            task=prediction.task.name,
            content=prediction.content,
            tags=prediction.tags,
            seconds=prediction.latency,
        )
        self._folder.mkdir(parents=True, exist_ok=True)
        whole = Path(tempfile.mkdtemp(prefix=".", dir=self._folder))
        (whole / _IMAGE).write_bytes(image)
        (whole / _RECORD).write_text(json.dumps(answered._asdict()), encoding="utf-8")
        whole.rename(self._place(answered.id))
        self._make_room()
        return answered

    def get(self, prediction_id: str, by: str) -> Answered:
        """Somebody's own answer; raises NotFoundError."""
        try:
            text = (self._place(prediction_id) / _RECORD).read_text(encoding="utf-8")
        except OSError as error:
            raise _none() from error
        record: Mapping[str, Any] = json.loads(text)
        if record["by"] != by:
            raise _none()
        return Answered(**record)

    def image(self, answered: Answered) -> bytes:
        """The bytes that were asked about; raises NotFoundError."""
        try:
            return (self._place(answered.id) / _IMAGE).read_bytes()
        except OSError as error:
            raise _none() from error

    def _place(self, prediction_id: str) -> Path:
        try:
            return self._folder / str(uuid.UUID(prediction_id))
        except ValueError as error:
            raise _none() from error

    def _make_room(self) -> None:
        """Remove what is beyond the newest `_KEPT`, or beyond so many bytes."""
        held = 0
        for place, (folder, (_, size)) in enumerate(_newest_first(self._folder)):
            held += size
            if place >= _KEPT or held > _BYTES:
                shutil.rmtree(folder, ignore_errors=True)


def _newest_first(folder: Path) -> list[tuple[Path, tuple[float, int]]]:
    """The folders of answers with their time and size; one that goes meanwhile is old."""
    found = {each: _stat(each) for each in folder.iterdir()}
    return sorted(found.items(), key=lambda each: each[1], reverse=True)


def _stat(folder: Path) -> tuple[float, int]:
    try:
        return folder.stat().st_mtime, (folder / _IMAGE).stat().st_size
    except OSError:
        return 0.0, 0


def _none() -> NotFoundError:
    return NotFoundError("no such answer of yours is kept any more: ask again")
