"""What a client says of an answer afterwards: what was true, and how good the answer was."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypedDict

from pylib.errors import RequestError

FILE = "feedback.jsonl"
"""Beside the log of predictions, one JSON object a line."""
_SENT_BACK = "send back the answer's meta.tags.prediction_id as response.meta.tags.prediction_id"


class Feedback(NamedTuple):
    """Feedback as it was sent, whichever protocol brought it.

    prediction_id: of the answer; puid: the client's own id of its request; empty where none was sent
    truth: a text, a file's bytes or JSON; None where none was sent
    """

    prediction_id: str
    puid: str
    truth: object
    reward: float


class FeedbackRecord(TypedDict):
    """One line of the log; time: UTC, ISO 8601; truth: as the task keeps it; model_digest: of the taker."""

    prediction_id: str
    puid: str
    time: str
    model_digest: str
    truth: Any
    reward: float


def check(feedback: Feedback) -> None:
    """Raise RequestError where an id is none that a server gives, or a truth is of no answer.

    Whether the id was ever given is not asked: another replica, with a log of its own, may have given it.
    """
    if feedback.prediction_id and not _is_uuid(feedback.prediction_id):
        raise RequestError(
            f"prediction_id {feedback.prediction_id[:80]!r} is no id that a model server gives: {_SENT_BACK}"
        )
    if feedback.truth is not None and not (feedback.prediction_id or feedback.puid):
        raise RequestError(f"the truth says not of which answer it is: {_SENT_BACK}")


def record(feedback: Feedback, truth: object, model_digest: str) -> FeedbackRecord:
    """What is kept of it."""
    return FeedbackRecord(
        prediction_id=feedback.prediction_id,
        puid=feedback.puid,
        time=datetime.now(UTC).isoformat(),
        model_digest=model_digest,
        truth=truth,
        reward=feedback.reward,
    )


def confirmed(kept: FeedbackRecord, place: str | None) -> Mapping[str, Any]:
    """What the client is told: id, truth, reward, and the file that has it; None where nothing is kept."""
    told = {"prediction_id": kept["prediction_id"], "truth": kept["truth"], "reward": kept["reward"]}
    return {**told, "kept_in": place}


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
