"""What a client says of an answer afterwards: what was true, and how good the answer was."""

import hashlib
import logging
import math
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pylib.errors import RequestError, StoreError
from pylib.store.inbox import Inbox, Submission

logger = logging.getLogger(__name__)

SOURCE = "feedback"
"""The name of what comes this way, as a source of data."""

_SENT_BACK = "send back the answer's meta.tags.prediction_id as response.meta.tags.prediction_id"


class Feedback(NamedTuple):
    """Feedback as it was sent, whichever protocol brought it.

    prediction_id: of the answer; puid: the client's own id of its request; empty where none was sent
    truth: a text, a file's bytes or JSON; None where none was sent
    reward: None where none was sent
    image: the file that was asked about, sent back; empty where it was not
    """

    prediction_id: str
    puid: str
    truth: object
    reward: float | None
    image: bytes = b""


def check(feedback: Feedback) -> None:
    """Raise RequestError: an id is none that a server gives, a truth is of no answer, a reward is not finite.

    Whether the id was ever given is not asked: another replica, with a log of its own, may have given it.
    """
    if feedback.prediction_id and not _is_uuid(feedback.prediction_id):
        raise RequestError(
            f"prediction_id {feedback.prediction_id[:80]!r} is no id that a model server gives: {_SENT_BACK}"
        )
    if feedback.reward is not None and not math.isfinite(feedback.reward):  # a sum keeps it
        raise RequestError(f"the reward is {feedback.reward}: send a finite number, such as 0 or 1")
    if feedback.truth is not None and not (feedback.prediction_id or feedback.puid):
        raise RequestError(f"the truth says not of which answer it is: {_SENT_BACK}")


def submission(feedback: Feedback, truth: Any, task: str, model_digest: str) -> Submission:
    """What is kept of it; `truth` as the task keeps it, the digest that of the model which took it."""
    return Submission(
        id=str(uuid.uuid4()),
        time=datetime.now(UTC).isoformat(),
        kind="feedback",
        by="",
        source=SOURCE,
        task=task,
        prediction_id=feedback.prediction_id,
        model_digest=model_digest,
        image_sha256=hashlib.sha256(feedback.image).hexdigest() if feedback.image else "",
        answered=None,
        truth=truth,
        reward=feedback.reward,
        note=f"puid {feedback.puid}" if feedback.puid else "",
    )


def keep(inbox: Inbox, kept: Submission, image: bytes) -> None:
    """Write it down, the image first; raises RequestError where the place refuses it."""
    try:
        if image:
            inbox.put_image(image)
        inbox.put(kept)
    except StoreError as error:
        logger.exception("feedback on %s is not kept", kept["prediction_id"])
        raise RequestError("the feedback could not be kept: send it again later", "not ready") from error


def confirmed(kept: Submission, *, in_inbox: bool) -> Mapping[str, Any]:
    """What the client is told: id, truth, reward, and where it is kept; None where nothing is."""
    told = {name: kept[name] for name in ("prediction_id", "truth", "reward")}
    return {**told, "kept_in": "inbox" if in_inbox else None}


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
