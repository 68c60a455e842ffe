"""Review: one submission at a time, by keyboard or by forms, and the history of what was decided."""

import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from pylib.data.images import decode_mask, read_header
from pylib.errors import DataError
from pylib.provenance.answers import in_words
from pylib.review.joining import reasons
from pylib.review.queue import Decision, Queue
from pylib.review.settling import settle
from pylib.store.opening import open_store
from pylib.tasks import task
from pylib.web import pictures
from pylib.web.access import Role
from pylib.web.data import number
from pylib.web.page import Asked, page, render, see
from pylib.web.refusal import Refusal
from pylib.web.same_image import same_images
from pylib.web.submitted import Mask, Submitted

DECISIONS = 50
"""On a page of the history."""
_SKIPPED = 30  # that an address holds
_WHY = 1000
_DONE = {"accept": "Accepted.", "reject": "Rejected.", "wrong": "Corrected and accepted.", "skip": "Skipped."}


def queue(asked: Asked) -> Queue:
    """The queue of this installation's inbox, with commits that were killed settled."""
    found = Queue(asked.site.inbox())
    settle(found, lambda: open_store(asked.site.settings.store), asked.name)
    return found


def _next(asked: Asked) -> Response:
    waiting, skipped = queue(asked), _skipped(asked.query.get("skip", ""))
    unread = asked.site.joined.look()
    found = waiting.claim(asked.name, skip=set(skipped))
    done = _DONE.get(asked.query.get("done", ""), "")
    values: dict[str, Any] = {"counts": waiting.counts(asked.name), "skipped": skipped, "done": done}
    if found is None:
        return render(asked, "review_done.html.j2", unread=unread, lost=reasons(waiting.inbox), **values)
    shown = Submitted(found, asked.site, waiting.inbox)
    if shown.trouble:
        return render(
            asked, "review_broken.html.j2", shown=shown, submission=found, keys=asked.query.get("keys"),
            here_is=asked.at(f"/review/{found['id']}"), **values,
        )  # fmt: skip
    return render(
        asked, "review.html.j2", shown=shown, submission=found, keys=asked.query.get("keys") != "off",
        here_is=asked.at(f"/review/{found['id']}"), size=_size(shown), little=_little(shown),
        classes=shown.classes, same=same_images(found, waiting, asked.site), **values,
    )  # fmt: skip


def _size(shown: Submitted) -> tuple[int, int] | None:
    """Width and height of what is painted; None where nothing is."""
    if not shown.is_mask:
        return None
    height, width = shown.painted.shape
    return width, height


def _little(shown: Submitted) -> bool:
    header = read_header(shown.image)
    return max(header.width, header.height) < pictures.THUMBNAIL


def _decide(asked: Asked) -> Response:
    shown, verdict = _submitted(asked), asked.form.field("verdict")
    if verdict not in {"accept", "reject", "wrong"}:
        raise Refusal(422, "say whether it is accepted, rejected or corrected")
    decision = Decision(
        id=shown.submission["id"],
        reviewer=asked.name,
        time=datetime.now(UTC).isoformat(),
        verdict="reject" if verdict == "reject" else "accept",
        truth=_truth(asked, shown, verdict),
        why=asked.form.field("why")[:_WHY],
    )
    queue(asked).decide(decision)
    return _go_on(asked, verdict)


def _truth(asked: Asked, shown: Submitted, verdict: str) -> dict[str, Any] | None:
    """What is right, as its task keeps it: as sent, or as the reviewer says."""
    if verdict == "reject":
        return None
    if verdict == "accept":
        return shown.submission["truth"]
    files = asked.form.files.get("truth_file", [])
    given: bytes | str = files[0].content() if files else asked.form.field("truth")
    if not given:
        raise Refusal(422, "say what is right: choose a class, paint the mask or send one")
    try:
        if isinstance(given, bytes):
            _check_size(decode_mask(given), shown.painted)
        truth: dict[str, Any] = task.find(shown.submission["task"]).answer.truth(given, shown.classes)
    except DataError as error:
        raise Refusal(422, str(error)) from error
    return truth


def _check_size(mask: Mask, image: Mask) -> None:
    if mask.shape != image.shape:
        (height, width), (rows, columns) = mask.shape, image.shape
        raise DataError(f"the mask is {width}x{height} pixels, the picture {columns}x{rows}: make it so")


def _skip(asked: Asked) -> Response:
    queue(asked).give_back(_id(asked), asked.name)
    return _go_on(asked, "skip", _id(asked))


def _go_on(asked: Asked, done: str, *skipped: str) -> Response:
    """To the next one; what was skipped, and whether keys are on, goes along in the address."""
    ids = [*_skipped(asked.form.field("skip")), *skipped][-_SKIPPED:]
    query = {"done": done, "skip": ",".join(ids), "keys": asked.form.field("keys")}
    return see(asked, f"/review?{urlencode({key: value for key, value in query.items() if value})}")


def _history(asked: Asked) -> Response:
    waiting = queue(asked)
    wanted = number(asked.query.get("page"))
    found = waiting.history(limit=wanted * DECISIONS + 1)
    shown = found[(wanted - 1) * DECISIONS : wanted * DECISIONS]
    rows = [(each, _words(each), waiting.committed(each["id"])) for each in shown]
    more = len(found) > wanted * DECISIONS
    return render(
        asked,
        "review_history.html.j2",
        decisions=rows,
        number=wanted,
        more=more,
        counts=waiting.counts(asked.name),
    )


def _words(decision: Decision) -> str:
    truth = {name: value for name, value in (decision["truth"] or {}).items() if not name.endswith("_png")}
    return in_words(truth) or ("a mask" if decision["truth"] else "")


def _image(asked: Asked) -> Response:
    return pictures.shown(_submitted(asked).image)


def _layer(asked: Asked) -> Response:
    """The mask that was sent, or the model's."""
    shown = _submitted(asked)
    mask = shown.truth_mask if asked.path["which"] == "truth" else shown.answer_mask
    if mask is None:
        raise Refusal(404, "there is no such mask")
    return pictures.layer(mask)


def _indices(asked: Asked) -> Response:
    return pictures.indices(_submitted(asked).painted)


def _submitted(asked: Asked) -> Submitted:
    inbox = asked.site.inbox()
    return Submitted(inbox.submission(_id(asked)), asked.site, inbox)


def _id(asked: Asked) -> str:
    try:
        return str(uuid.UUID(asked.path["id"]))
    except ValueError as error:
        raise Refusal(404, "there is no such submission") from error


def _skipped(text: str) -> list[str]:
    return [each for each in text.split(",") if each][-_SKIPPED:]


routes = [
    page("/review", _next, role=Role.REVIEWER),
    page("/review/history", _history, role=Role.REVIEWER),
    page("/review/{id}", _decide, role=Role.REVIEWER, method="POST"),
    page("/review/{id}/skip", _skip, role=Role.REVIEWER, method="POST"),
    page("/review/{id}/image", _image, role=Role.REVIEWER),
    page("/review/{id}/mask.bin", _indices, role=Role.REVIEWER),
    page("/review/{id}/{which}.png", _layer, role=Role.REVIEWER),
]
