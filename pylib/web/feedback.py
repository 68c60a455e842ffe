"""What a person says of an answer: right or wrong, and what is right; kept before there are thanks."""

import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from pylib.data.images import decode_mask
from pylib.errors import DataError, NotFoundError
from pylib.store.inbox import Inbox, Submission
from pylib.web.answer import find, mask_size, show
from pylib.web.answers import Answered
from pylib.web.page import Asked, page, see
from pylib.web.refusal import Refusal

SOURCE = "feedback"
_NOTE = 1000


def _feedback(asked: Asked) -> Response:
    answered, verdict = find(asked), asked.form.field("verdict")
    if verdict not in {"right", "wrong"}:
        raise Refusal(422, "say first whether the answer is right or wrong")
    try:
        truth = _confirmed(answered) if verdict == "right" else _corrected(asked, answered)
    except DataError as error:
        return show(asked, answered, trouble=str(error))
    said = form_id(asked)
    _keep(asked, answered, said, truth, reward=float(verdict == "right"))
    return see(asked, f"/answers/{answered.id}?said={said}#said")


def form_id(asked: Asked) -> str:
    """The id that the form had from the start, so that what is sent twice is kept once."""
    try:
        return str(uuid.UUID(asked.form.field("id")))
    except ValueError as error:
        raise Refusal(422, "the form is not whole: go back, reload the page, send again") from error


def put_once(inbox: Inbox, submission: Submission) -> None:
    """Keep a submission, where it is not kept already under its id; returns when it is durable."""
    try:
        inbox.submission(submission["id"])
    except NotFoundError:
        inbox.put(submission)


def now() -> str:
    """UTC, ISO 8601."""
    return datetime.now(UTC).isoformat()


def _keep(
    asked: Asked, answered: Answered, said: str, truth: dict[str, Any] | None, *, reward: float
) -> None:
    task, _ = answered.read()
    inbox = asked.site.inbox()
    put_once(
        inbox,
        Submission(
            id=said,
            time=now(),
            kind="feedback",
            by=asked.name,
            source=SOURCE,
            task=answered.task,
            prediction_id=answered.id,
            model_digest=answered.tags.get("model_digest", ""),
            image_sha256=inbox.put_image(asked.site.answers.image(answered)),
            answered=task.answer.summary(answered.content),
            truth=truth,
            reward=reward,
            note=asked.form.field("note")[:_NOTE],
        ),
    )


def _confirmed(answered: Answered) -> dict[str, Any] | None:
    """The answer itself, where the task can keep it as what is right."""
    task, answer = answered.read()
    truth: dict[str, Any] | None = None
    with suppress(DataError):
        truth = task.answer.truth(answered.content, task.answer.classes(answer))
    return truth


def _corrected(asked: Asked, answered: Answered) -> dict[str, Any] | None:
    """The file or the text that says what is right; None where neither was sent."""
    task, answer = answered.read()
    files = asked.form.files.get("truth_file", [])
    given: bytes | str = files[0].content() if files else asked.form.field("truth")
    if not given:
        return None
    size = mask_size(answered)
    if size is not None and isinstance(given, bytes):
        _check_size(given, size)
    truth: dict[str, Any] = task.answer.truth(given, task.answer.classes(answer))
    if isinstance(given, str) and truth == _confirmed(answered):
        raise DataError("that is what the model said: say what else it is, or that the answer is right")
    return truth


def _check_size(mask: bytes, size: tuple[int, int]) -> None:
    height, width = decode_mask(mask).shape
    if (height, width) != size:
        raise DataError(f"the mask is {width}x{height} pixels, the picture {size[1]}x{size[0]}: make it so")


routes = [page("/answers/{id}/feedback", _feedback, method="POST")]
