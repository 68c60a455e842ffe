"""Contribute: labelled images, many at once, into a source with a name; each is taken or not by itself."""

import hashlib
import re
import unicodedata
import uuid
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from starlette.responses import Response

from pylib.data import data_sets
from pylib.data.data_sets import DataSet
from pylib.data.images import decode_mask
from pylib.errors import DataError
from pylib.store.inbox import Submission
from pylib.tasks import task
from pylib.web import pictures
from pylib.web.access import Role
from pylib.web.feedback import SOURCE, form_id, now, put_once
from pylib.web.form import Upload
from pylib.web.page import Asked, page, render
from pylib.web.refusal import Refusal

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_NOTE, _LONGEST = 1000, 100


class Result(NamedTuple):
    """What became of one file: taken, or why not; `new_class`: the class that the data does not have yet."""

    name: str
    why_not: str = ""
    new_class: str = ""


def _form(asked: Asked) -> Response:
    there = data_sets.data_sets(asked.site.settings.store)
    chosen = _chosen(there, asked.query.get("data", ""))
    return render(asked, "contribute.html.j2", data_sets=there, chosen=chosen, results=None, source="")


def _contribute(asked: Asked) -> Response:
    there = data_sets.data_sets(asked.site.settings.store)
    chosen = _chosen(there, asked.form.field("data"))
    source = asked.form.field("source").lower()
    if chosen is None:
        raise Refusal(422, f"there is no data set {asked.form.field('data')!r}: choose one that is shown")
    if not _NAME.fullmatch(source) or source == SOURCE:
        raise Refusal(422, f"{source!r} names no source: letters, digits and .-_, as in kitchen-camera")
    uploads = [*asked.form.files.get("images", []), *asked.form.files.get("folder", [])]
    if not uploads:
        raise Refusal(422, "no picture was chosen")
    results = _taken(asked, chosen, source, uploads, _new_class(asked, chosen))
    return render(asked, "contribute.html.j2", data_sets=there, chosen=chosen, results=results, source=source)


def _chosen(there: list[DataSet], name: str) -> DataSet | None:
    return next((each for each in there if each.name == name), there[0] if there and not name else None)


def _new_class(asked: Asked, chosen: DataSet) -> str:
    """The class that somebody typed, which the data does not have; empty where none was."""
    name = unicodedata.normalize("NFC", asked.form.field("new_class"))
    if not name or chosen.target == "mask" or name in chosen.classes:
        return name
    if len(name) > _LONGEST or not name.isprintable():
        raise Refusal(422, f"a class has a name of one line, of {_LONGEST} characters at most")
    if like := next((each for each in chosen.classes if each.casefold() == name.casefold()), None):
        raise Refusal(422, f"{chosen.name} writes that class {like}: choose it, instead of typing {name}")
    if asked.form.field("label"):
        raise Refusal(422, f"is it {asked.form.field('label')}, or the new class {name}? say one of them")
    return name


def _taken(asked: Asked, chosen: DataSet, source: str, uploads: list[Upload], new_class: str) -> list[Result]:
    """Each file by itself, in the order that they came in."""
    masks = _by_stem(asked.form.files.get("masks", []))
    results, seen = [], dict[str, str]()
    for upload in uploads:
        try:
            _check_new(upload, seen)
            truth = _truth(asked, chosen, upload, masks, new_class)
            _put(asked, chosen, source, upload.content(), truth)
            known = truth.get("label", "") in ["", *chosen.classes]
            results.append(Result(upload.name, new_class="" if known else new_class))
        except DataError as error:
            results.append(Result(upload.name, str(error)))
    return results


def _check_new(upload: Upload, seen: dict[str, str]) -> None:
    sha256 = hashlib.sha256(upload.content()).hexdigest()
    if sha256 in seen:
        raise DataError(f"the same picture as {seen[sha256]}")
    seen[sha256] = upload.name


def _truth(
    asked: Asked, chosen: DataSet, upload: Upload, masks: Mapping[str, Upload], new_class: str
) -> dict[str, Any]:
    """What is right of an image, as its task keeps it; raises DataError."""
    height, width = pictures.decoded(upload.content()).shape[:2]
    if chosen.target != "mask":
        label = asked.form.field("label") or PurePosixPath(upload.name).parent.name or new_class
        classes = [*chosen.classes, new_class] if new_class else chosen.classes
        if not label:
            raise DataError("nothing says what it shows: choose a class, or send a folder for each class")
        if label not in classes:
            raise DataError(
                f"{label} is no class of {chosen.name} yet: if it is one, type it as the new class"
            )
        return dict(task.find(chosen.task).answer.truth(label, classes))
    if (mask := masks.get(_stem(upload))) is None:
        raise DataError(f"no mask of the name {_stem(upload)}.png came with it")
    shape = decode_mask(mask.content()).shape
    if shape != (height, width):
        raise DataError(f"its mask is {shape[1]}x{shape[0]} pixels, the picture {width}x{height}")
    return dict(task.find(chosen.task).answer.truth(mask.content(), chosen.classes))


def _put(asked: Asked, chosen: DataSet, source: str, image: bytes, truth: dict[str, Any]) -> None:
    """Keep one; its id follows from the form's, so that a form that is sent twice is kept once."""
    inbox, form = asked.site.inbox(), uuid.UUID(form_id(asked))
    sha256 = inbox.put_image(image)
    put_once(
        inbox,
        Submission(
            id=str(uuid.uuid5(form, sha256)),
            time=now(),
            kind="contribution",
            by=asked.name,
            source=source,
            task=chosen.task,
            prediction_id="",
            model_digest="",
            image_sha256=sha256,
            answered=None,
            truth=truth,
            reward=None,
            note=asked.form.field("note")[:_NOTE],
        ),
    )


def _by_stem(uploads: list[Upload]) -> dict[str, Upload]:
    return {_stem(each): each for each in uploads}


def _stem(upload: Upload) -> str:
    return PurePosixPath(upload.name.replace("\\", "/")).stem


routes = [
    page("/contribute", _form, role=Role.CONTRIBUTOR),
    page("/contribute", _contribute, role=Role.CONTRIBUTOR, method="POST"),
]
