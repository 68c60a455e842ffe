"""What a person says of an answer: right or wrong, and what is right; kept before there are thanks."""

import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from pylib.data.images import decode_mask
from pylib.errors import DataError, NotFoundError, ReviewError
from pylib.review.queue import Decision, Queue
from pylib.store.inbox import Inbox, Submission
from pylib.web.answer import find, mask_size, show
from pylib.web.answers import Answered
from pylib.web.page import Asked, page, see
from pylib.web.refusal import Refusal

SOURCE = "feedback"
_NOTE = 1000
_TIMES = 20
"""That one form is sent with another content."""


def _feedback(asked: Asked) -> Response:
    answered, verdict = find(asked), asked.form.field("verdict")
    if verdict not in {"right", "wrong"}:
        raise Refusal(422, "say first whether the answer is right or wrong")
    try:
        truth = _confirmed(answered) if verdict == "right" else _corrected(asked, answered)
    except DataError as error:
        return show(asked, answered, trouble=str(error))
    said = form_id(asked)
    said = _keep(asked, answered, said, truth, reward=float(verdict == "right"))
    return see(asked, f"/answers/{answered.id}?said={said}#said")


def form_id(asked: Asked) -> str:
    """The id that the form had from the start, so that what is sent twice is kept once."""
    try:
        return str(uuid.UUID(asked.form.field("id")))
    except ValueError as error:
        raise Refusal(422, "the form is not whole: go back, reload the page, send again") from error


def put_once(inbox: Inbox, submission: Submission) -> str:
    """Keep a submission, once however often it is sent; return its id when it is durable.

    Where another was sent with the same form before, as by going back in the browser, this one is kept beside
    it under an id that follows from the first, and the former is withdrawn where nobody has decided it yet.
    """
    former: Submission | None = None
    for _ in range(_TIMES):
        try:
            there = inbox.submission(submission["id"])
        except NotFoundError:
            break
        former = there
        following = str(uuid.uuid5(uuid.UUID(there["id"]), "sent again"))
        submission = Submission(**{**submission, "id": following})
    else:
        raise Refusal(429, f"this form was sent {_TIMES} times: reload the page to begin anew")
    if former and _same(former, submission):
        return former["id"]
    inbox.put(submission)
    if former and former["by"] == submission["by"]:
        _withdraw(inbox, former, submission["id"])
    return submission["id"]


def _same(one: Submission, other: Submission) -> bool:
    mine, his = ({**each, "id": "", "time": ""} for each in (one, other))
    return mine == his


def _withdraw(inbox: Inbox, former: Submission, following: str) -> None:
    """What a reviewer holds or has decided stays as it is."""
    why = f"its sender sent another in its place: {following}"
    with suppress(ReviewError):
        Queue(inbox).decide(
            Decision(
                id=former["id"], reviewer=former["by"], time=now(), verdict="reject", truth=None, why=why
            )
        )


def now() -> str:
    """UTC, ISO 8601."""
    return datetime.now(UTC).isoformat()


def _keep(asked: Asked, answered: Answered, said: str, truth: dict[str, Any] | None, *, reward: float) -> str:
    """Keep it; return its id."""
    task, _ = answered.read()
    inbox = asked.site.inbox()
    return put_once(
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
