"""Feedback that names an answer, joined with what the log of answers has of it.

A joined submission stands beside those that came with their image, with the answer, the model and the image
of the log, and waits for a reviewer as they do; what was sent stays as it was. Of one that cannot be joined
`not-joined/<id>.json` says why, and what is known all the same. Of one that came with the image that the
log's answer is of, `answers/<id>.json` has it.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict, cast

from pylib.errors import DamagedError, NotFoundError
from pylib.provenance.answers import answer
from pylib.store import request_log
from pylib.store.inbox import IMAGES, UNANSWERED, WITH_IMAGE, WITHOUT_IMAGE, Inbox, Submission

NOT_JOINED, ANSWERS = "not-joined", "answers"
SETTLED = timedelta(minutes=1)
"""After this a log has written what it gathers: what it lacks then, it will not have."""
_NO_IMAGE = (
    "the log has its answer and not its image: PREDICTION_LOG_IMAGES=true keeps the images of answers to come"
)
_NO_RECORD = (
    "the log has no such answer: it was not in its sample (PREDICTION_LOG_SAMPLE), is pruned, or lies "
    "elsewhere (PYLIB_PREDICTIONS)"
)
_NO_ID = "it names no answer of the log, and brings no image"
_DAMAGED = "the log's record of its answer is damaged"
_ANOTHER = "the log's answer is of another picture, or its record is damaged"


class NotJoined(TypedDict):
    """Why a submission has no image, and what the log says of its answer; empty and None where nothing."""

    why: str
    image_sha256: str
    model_digest: str
    answered: dict[str, Any] | None


def join(inbox: Inbox, log: str, *, again: bool = False, now: datetime | None = None) -> int:
    """Join what has come since the last time with the log at a place; return how many have their image now.

    What the log may still be writing is looked for the next time; so is all where nothing is logged:
    another place may be meant. again: look for what could not be joined before, too. Raises StoreError.
    """
    ids = unsettled(inbox, WITH_IMAGE) if again else unsettled(inbox)
    asking = [*inbox.ids(UNANSWERED), *(_without_answer(inbox) if again else ())]
    if not (ids or asking) or request_log.empty(log):
        return 0
    waiting, asked = list(_readable(inbox, ids)), list(_readable(inbox, asking))
    named = {each["prediction_id"].lower() for each in (*waiting, *asked)}
    records, now = request_log.find_records(log, named - {""}), now or datetime.now(UTC)
    for submission in asked:
        _answer(inbox, submission, records.get(submission["prediction_id"].lower()), now)
    return sum(
        _join(inbox, log, submission, records.get(submission["prediction_id"].lower()), now)
        for submission in waiting
    )


def _readable(inbox: Inbox, ids: list[str]) -> Iterator[Submission]:
    """Those that are there; of one that is forgotten, or was never written, nothing is asked any more."""
    for each in ids:
        try:
            yield inbox.submission(each)
        except DamagedError:  # `review list` says so
            continue
        except NotFoundError:
            entry = inbox.objects.entry(f"{UNANSWERED}/{each}.json")
            if entry and datetime.now(UTC) - entry.modified > SETTLED:
                inbox.objects.delete([entry.key])


def _join(
    inbox: Inbox, log: str, submission: Submission, record: dict[str, Any] | None, now: datetime
) -> bool:
    """Join one that has no image with what the log has of its answer; return whether it has its image now."""
    sound = _is_sound(record)
    image = _image(inbox, log, record) if record and sound else None
    if record and image:
        return _put(inbox, _joined(submission, record, hashlib.sha256(image).hexdigest()), image)
    if _is_settled(submission, now):
        why = _NO_IMAGE if record else _NO_RECORD if submission["prediction_id"] else _NO_ID
        _keep(inbox, NOT_JOINED, submission, _known(why, record) if sound else _known(_DAMAGED, None))
    return False


def _put(inbox: Inbox, joined: Submission, image: bytes) -> bool:
    """Put a joined one beside those that came with their image, unless it is being forgotten just now."""
    inbox.put_image(image)
    inbox.put(joined)
    if inbox.objects.entry(f"{WITHOUT_IMAGE}/{joined['id']}.json") is None:
        inbox.objects.delete([f"{IMAGES}/{joined['image_sha256']}", f"{WITH_IMAGE}/{joined['id']}.json"])
        return False
    inbox.objects.delete([f"{NOT_JOINED}/{joined['id']}.json"])
    return True


def _answer(inbox: Inbox, submission: Submission, record: dict[str, Any] | None, now: datetime) -> None:
    """Keep what the log has of the answer; a picture that was not asked about has none."""
    if record is None and not _is_settled(submission, now):
        return
    if record and _is_sound(record) and record.get("image_sha256") == submission["image_sha256"]:
        known = _known("", record)
    else:
        known = _known(_ANOTHER if record else _NO_RECORD, None)
    _keep(inbox, ANSWERS, submission, known)
    inbox.objects.delete([f"{UNANSWERED}/{submission['id']}.json"])


def _keep(inbox: Inbox, folder: str, submission: Submission, known: NotJoined) -> None:
    """Write down what is known now, in the place of what was before."""
    key, data = f"{folder}/{submission['id']}.json", json.dumps(known).encode()
    if not inbox.objects.create(key, data):
        inbox.objects.delete([key])
        inbox.objects.create(key, data)


def _without_answer(inbox: Inbox) -> list[str]:
    """Those that were asked for, and the log that was meant then had no answer."""
    found = ((each, _found(inbox, ANSWERS, each)) for each in inbox.ids(ANSWERS))
    return [each for each, known in found if known and not known["answered"]]


def _is_sound(record: dict[str, Any] | None) -> bool:
    """Whether what is taken of a record is as a server writes it; of none there is nothing to take."""
    if record is None:
        return True
    texts = (record.get(name, "") for name in ("image_sha256", "model_digest"))
    try:
        return (
            all(isinstance(text, str) for text in texts)
            and datetime.fromisoformat(record["time"]).tzinfo is not None
            and isinstance(record.get("answer", {}), dict)
        )
    except (KeyError, TypeError, ValueError):
        return False


def _is_settled(submission: Submission, now: datetime) -> bool:
    return now - datetime.fromisoformat(submission["time"]) > SETTLED


def not_joined(inbox: Inbox, submission_id: str) -> NotJoined | None:
    """Why this one has no image, in one sentence; None where it has one, or may still get it."""
    found = _found(inbox, NOT_JOINED, submission_id)
    return found if found and inbox.objects.entry(f"{WITH_IMAGE}/{submission_id}.json") is None else None


def _found(inbox: Inbox, folder: str, submission_id: str) -> NotJoined | None:
    key = f"{folder}/{submission_id}.json"
    return cast("NotJoined | None", inbox.record(key, NotJoined.__required_keys__))


def with_what_is_known(inbox: Inbox, submission: Submission) -> Submission:
    """A submission with what the log says of the answer that it is about."""
    known = None
    if not submission["image_sha256"]:
        known = not_joined(inbox, submission["id"])
    elif submission["prediction_id"] and submission["answered"] is None:
        known = _found(inbox, ANSWERS, submission["id"])
    if known is None or known["answered"] is None:
        return submission
    return {
        **submission,
        "answered": known["answered"],
        "image_sha256": known["image_sha256"],
        "model_digest": known["model_digest"] or submission["model_digest"],
    }


def reasons(inbox: Inbox) -> dict[str, int]:
    """How many have no image, and so cannot be learned from, by the reason."""
    counted: dict[str, int] = {}
    for each in inbox.ids(NOT_JOINED):
        if found := not_joined(inbox, each):
            counted[found["why"]] = counted.get(found["why"], 0) + 1
    return counted


def unsettled(inbox: Inbox, *folders: str) -> list[str]:
    """The ids of those without an image that are in none of the folders: not joined, and not given up."""
    settled = set(inbox.ids(*(folders or (WITH_IMAGE, NOT_JOINED))))
    return [each for each in inbox.ids(WITHOUT_IMAGE) if each not in settled]


def _image(inbox: Inbox, log: str, record: dict[str, Any]) -> bytes | None:
    """The image of a record: in the log, or sent by another."""
    found, sha256 = request_log.image_of(log, record), record.get("image_sha256", "")
    if found is None and inbox.has_image(sha256):
        try:
            return inbox.image(sha256)
        except NotFoundError:  # forgotten meanwhile
            return None
    return found


def _joined(submission: Submission, record: dict[str, Any], sha256: str) -> Submission:
    """The digest is the image's own: of pixels that were sent as numbers, the log has a PNG."""
    digest = record.get("model_digest") or submission["model_digest"]
    return {**submission, "answered": answer(record), "image_sha256": sha256, "model_digest": digest}


def _known(why: str, record: dict[str, Any] | None) -> NotJoined:
    known = record or {}
    return NotJoined(
        why=why,
        image_sha256=known.get("image_sha256", ""),
        model_digest=known.get("model_digest", ""),
        answered=answer(known) if known else None,
    )
