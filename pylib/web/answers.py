"""The answers that the page got, with the images asked about, so that one can be looked at and corrected.

A folder an answer, whole or not there at all; the oldest make room. It is no record: what somebody says of an
answer goes into the inbox, and what a server answered is in its log.
"""

import json
import shutil
import tempfile
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from pylib.errors import NotFoundError, PylibError, ServingError
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


_RECORDS = TypeAdapter(Answered)


class Answers:
    """The answers in a folder, which is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, prediction: Prediction, *, image: bytes, by: str, model: str) -> Answered:
        """Keep an answer and its image; raises ServingError where the server gave it no id of its own."""
        answered = Answered(
            by=by,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            model=model,
            task=prediction.task.name,
            content=prediction.content,
            tags=prediction.tags,
            seconds=prediction.latency,
        )
        self._write(answered, image, self._new_place(answered))
        self._make_room()
        return answered

    def _new_place(self, answered: Answered) -> Path:
        identifier = answered.tags.get("prediction_id", "")
        try:
            place = self._place(identifier)
        except NotFoundError as error:
            raise ServingError(
                f"the model server of {answered.model} gave its answer no prediction_id: is it one of ours?"
            ) from error
        if place.exists():
            raise ServingError(f"the model server of {answered.model} gave the id {identifier} twice")
        return place

    def _write(self, answered: Answered, image: bytes, place: Path) -> None:
        """Whole, or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        whole = Path(tempfile.mkdtemp(prefix=".", dir=self._folder))
        try:
            (whole / _IMAGE).write_bytes(image)
            (whole / _RECORD).write_text(json.dumps(answered._asdict()), encoding="utf-8")
            whole.rename(place)
        except BaseException:
            shutil.rmtree(whole, ignore_errors=True)
            raise

    def get(self, prediction_id: str, by: str) -> Answered:
        """Somebody's own answer; raises NotFoundError."""
        try:
            text = (self._place(prediction_id) / _RECORD).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise _none() from error
        answered = _read(text, prediction_id)
        if answered.by != by:
            raise _none()
        return answered

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


def _read(text: str, prediction_id: str) -> Answered:
    """A record, as far as pages look into it; raises NotFoundError where it is damaged."""
    try:
        answered = _RECORDS.validate_python(json.loads(text))
        answered.read()
        whole = uuid.UUID(answered.id) == uuid.UUID(prediction_id)
        int(answered.tags.get("sample_bits") or 8)
    except (KeyError, TypeError, ValueError, PylibError) as error:
        raise _damaged() from error
    if not whole:
        raise _damaged()
    return answered


def _newest_first(folder: Path) -> list[tuple[Path, tuple[float, int]]]:
    """The folders of answers with their time and size; one that goes meanwhile is old."""
    found = {each: _stat(each) for each in folder.iterdir()}
    return sorted(found.items(), key=lambda each: each[1], reverse=True)


def _stat(folder: Path) -> tuple[float, int]:
    try:
        return folder.stat().st_mtime, (folder / _IMAGE).stat().st_size
    except OSError:
        return 0.0, 0


def _damaged() -> NotFoundError:
    return NotFoundError("what was kept of that answer is damaged: ask again")


def _none() -> NotFoundError:
    return NotFoundError("no such answer of yours is kept any more: ask again")
