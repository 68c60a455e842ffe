"""One answer: the image with what the model sees in it, how sure it is, and which model that is."""

from collections.abc import Mapping
from typing import Any

from jinja2 import TemplateNotFound
from starlette.responses import Response

from pylib.data.images import read_header
from pylib.errors import DataError, NotFoundError, StoreError
from pylib.store.inbox import Submission
from pylib.web import pictures, training_data
from pylib.web.answers import Answered
from pylib.web.page import Asked, page, render, templates
from pylib.web.refusal import Refusal
from pylib.web.submitted import in_truth


def _answer(asked: Asked) -> Response:
    return show(asked, find(asked))


def show(asked: Asked, answered: Answered, *, trouble: str = "") -> Response:
    """The page of an answer; `trouble`: why what was said of it cannot be kept, beside the form."""
    said = None if trouble else _said(asked, answered)
    return render(
        asked, "answer.html.j2", 422 if trouble else 200, said=said, trouble=trouble,
        right=in_truth(said["truth"]) if said else "", **_values(asked, answered),
    )  # fmt: skip


def find(asked: Asked) -> Answered:
    """The answer that the path names, where it is this person's; raises NotFoundError."""
    return asked.site.answers.get(asked.path["id"], asked.name)


def _values(asked: Asked, answered: Answered) -> Mapping[str, Any]:
    """What the templates of the page and of the task see."""
    task, answer = answered.read()
    mask = task.answer.mask(answer)
    return {
        "answered": answered,
        "answer": answer,
        "lines": task.answer.lines(answer),
        "classes": task.answer.classes(answer),
        "size": None if mask is None else mask.shape[::-1],
        "here_is": asked.at(f"/answers/{answered.id}"),
        "words": _template(answered.task),
        "little": _little(asked.site.answers.image(answered)),
        "learned": training_data.learned(
            asked.site.settings.artifacts, answered.tags.get("model_digest", "")
        ),
    }


def _template(task: str) -> str:
    """The task's own words for its answers, or the words that every task has."""
    own = f"{task}/answer.html.j2"
    try:
        templates().get_template(own)
    except TemplateNotFound:
        return "lines.html.j2"
    return own


def _little(image: bytes) -> bool:
    """Whether an image is so small that it is shown enlarged."""
    header = read_header(image)
    return max(header.width, header.height) < pictures.THUMBNAIL


def _said(asked: Asked, answered: Answered) -> Submission | None:
    """What this person has said of the answer, where the address names it and the inbox has it."""
    try:
        found = asked.site.inbox().submission(asked.query.get("said", ""))
    except (NotFoundError, StoreError):
        return None
    return found if (found["prediction_id"], found["by"]) == (answered.id, asked.name) else None


def _image(asked: Asked) -> Response:
    answered = find(asked)
    bits = answered.tags.get("sample_bits")
    return pictures.shown(asked.site.answers.image(answered), sample_bits=int(bits) if bits else None)


def _layer(asked: Asked) -> Response:
    return pictures.layer(_mask(asked))


def _indices(asked: Asked) -> Response:
    return pictures.indices(_mask(asked))


def _mask(asked: Asked) -> Any:
    task, answer = find(asked).read()
    mask = task.answer.mask(answer)
    if mask is None:
        raise Refusal(404, "this answer has no mask")
    return mask


def mask_size(answered: Answered) -> tuple[int, int] | None:
    """Height and width of an answer's mask, in pixels; None where it has none; raises DataError."""
    task, answer = answered.read()
    mask = task.answer.mask(answer)
    if mask is not None and mask.ndim != 2:  # noqa: PLR2004
        raise DataError("an answer's mask is not of two dimensions")
    return None if mask is None else (mask.shape[0], mask.shape[1])


routes = [
    page("/answers/{id}", _answer),
    page("/answers/{id}/image", _image),
    page("/answers/{id}/mask.png", _layer),
    page("/answers/{id}/mask.bin", _indices),
]
