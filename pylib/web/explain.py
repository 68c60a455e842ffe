"""Explain: an answer, a model or an image, back to where it comes from, every digest checked and said."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from urllib.parse import quote

from starlette.responses import Response

from pylib.data.browsing import page_of
from pylib.errors import DamagedError, NotFoundError, ProvenanceError, PylibError
from pylib.provenance.answers import answer, headline, in_words
from pylib.provenance.explain import Explanation, UnknownNameError, find_model
from pylib.provenance.explain import explain as find
from pylib.release.explained import check_data, serving
from pylib.release.sightings import sightings
from pylib.review.origins import Origin, read_origins
from pylib.settings import Settings
from pylib.store.inbox import WITH_IMAGE, Inbox, Submission
from pylib.store.opening import open_store
from pylib.web.data import number
from pylib.web.explain_graph import of_explanation
from pylib.web.page import Asked, page, render, see
from pylib.web.refusal import Refusal
from pylib.web.review import queue
from pylib.web.submitted import in_truth

MANY = 2000
"""Images above which their digests are read anew only where somebody asks for it."""
IMAGES = 100
"""On a page."""
SUBMISSIONS = 5000
"""The newest of these are looked through for an image."""
_NAME = re.compile(r"[0-9a-fA-F]{8,64}|[0-9a-f]{8}-[0-9a-f-]{0,27}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def _form(asked: Asked) -> Response:
    what = asked.query.get("what", "").strip()
    if what:
        return see(asked, _place(asked, what))
    return render(asked, "explain.html.j2")


def _place(asked: Asked, what: str) -> str:
    """Which page explains what somebody typed: an image by its whole digest where no model has that one."""
    if not _NAME.fullmatch(what):
        raise Refusal(
            422, f"{what[:60]!r} is no id of an answer and no digest: give the first 8 of its digits, or more"
        )
    try:
        return f"/explain/{find_model(asked.site.settings.artifacts, what)}"
    except PylibError:
        return f"/explain/image/{what}" if _SHA256.fullmatch(what) else f"/explain/{quote(what)}"


def _uploaded(asked: Asked) -> Response:
    uploads = asked.form.files.get("image", [])
    if not uploads:
        raise Refusal(422, "no image came with the form: choose one")
    return see(asked, f"/explain/image/{hashlib.sha256(uploads[0].content()).hexdigest()}")


def _explained(asked: Asked) -> Response:
    place, what = asked.site.settings, asked.path["what"]
    if not _NAME.fullmatch(what):  # a folder's name is a model to the command line, and none here
        raise NotFoundError("no answer and no model has such a name")
    found, failure = _find(asked, what), ""
    if len(found.images) > MANY and not asked.query.get("check"):
        found.unchecked = f"{len(found.images):,} digests are not read unasked"
    elif (trouble := check_data(found, place.store)) is not None:
        failure = str(trouble)
    served, origins = serving(found.model, place), _origins(found, place)
    said = f"served as {served[1]}, by commit {served[0][:12]}" if served else ""
    graph = of_explanation(found, said, origins, asked.at)
    wrong = {mismatch.name for mismatch in found.mismatches}
    return render(
        asked, "explained.html.j2", found=found, graph=graph.picture(), origins=origins, failure=failure,
        images=page_of(found.images, number(asked.query.get("page")), IMAGES), what=what, served=said,
        answered=answer(found.prediction) if found.prediction else {}, told=in_words, headline=headline,
        ask_check=len(found.images) > MANY, wrong=lambda image: f"{found.data}:{image.id}" in wrong,
    )  # fmt: skip


def _find(asked: Asked, what: str) -> Explanation:
    place = asked.site.settings
    try:
        return find(what.lower(), artifacts=place.artifacts, predictions=place.predictions)
    except UnknownNameError as error:
        raise NotFoundError(
            f"no answer and no model here begins with {what}, or several do: look at its first digits again, "
            "or give more of them"
        ) from error
    except ProvenanceError as error:
        raise NotFoundError(str(error)) from error


def _origins(found: Explanation, place: Settings) -> Mapping[str, Origin]:
    """Of the training images, those that people sent; none where the data is not here, or has no such."""
    if not found.data or found.kind == "table":
        return {}
    try:
        known = read_origins(open_store(place.store), found.data)
    except PylibError:
        return {}
    return {image.id: known[image.id] for image in found.images if image.id in known}


def _image(asked: Asked) -> Response:
    sha256, place = asked.path["sha256"], asked.site.settings
    if not _SHA256.fullmatch(sha256):
        raise NotFoundError("an image is named by its SHA-256, 64 hexadecimal digits")
    seen = sightings(sha256, store=place.store, artifacts=place.artifacts, predictions=place.predictions)
    sent = list(islice(_sent(Inbox(place.inbox), sha256), IMAGES))
    known = queue(asked)
    return render(
        asked, "explain_image.html.j2", seen=seen, told=lambda entry: in_words(answer(entry)),
        sent=[(each, _meant(each), known.decision(each["id"]), known.committed(each["id"])) for each in sent],
    )  # fmt: skip


def _meant(submission: Submission) -> str:
    """What its sender said of it."""
    right = in_truth(submission["truth"]) or ("a mask" if submission["truth"] else "")
    if submission["reward"] == 1:
        return "the answer is right"
    if submission["kind"] == "feedback":
        return f"the answer is wrong, right is {right}" if right else "the answer is wrong"
    return f"it is {right}" if right else "not what it is"


def _sent(inbox: Inbox, sha256: str) -> Iterator[Submission]:
    """The submissions of an image, among the newest."""
    for submission_id in reversed(inbox.ids(WITH_IMAGE)[-SUBMISSIONS:]):
        with suppress(NotFoundError, DamagedError):  # forgotten meanwhile
            found = inbox.submission(submission_id)
            if found["image_sha256"] == sha256:
                yield found


routes = [
    page("/explain", _form),
    page("/explain", _uploaded, method="POST"),
    page("/explain/image/{sha256}", _image),
    page("/explain/{what}", _explained),
]
