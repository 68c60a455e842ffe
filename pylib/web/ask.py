"""Ask: an image, and what a served model sees in it."""

from starlette.responses import Response

from pylib.data.browsing import found_commit
from pylib.errors import DataError
from pylib.release.running import outdated
from pylib.serving.client import Client
from pylib.web import pictures, training_data
from pylib.web.page import Asked, page, render, see
from pylib.web.refusal import Refusal


def _form(asked: Asked) -> Response:
    return _shown(asked, asked.query.get("model", ""))


def _shown(asked: Asked, wanted: str, trouble: str = "") -> Response:
    """The form for a model, with what was wrong with what was sent before."""
    models = dict(sorted(asked.site.servers().items()))
    model = wanted or next(iter(models), "")
    commit = training_data.data_commit(models[model]) if model in models else ""
    there = training_data.samples(asked.site.settings, commit)
    behind = outdated(asked.site.settings, model, models[model]) if model in models else ""
    return render(
        asked, "ask.html.j2", 422 if trouble else 200, models=list(models), model=model, samples=there,
        commit=commit, outdated=behind, trouble=trouble,
    )  # fmt: skip


def _ask(asked: Asked) -> Response:
    model = asked.form.field("model")
    url = asked.site.servers().get(model)
    if url is None:
        raise Refusal(503, f"no model {model!r} is served now: `pylib serve {model} --detach` starts it")
    try:
        image = _image(asked)
        pictures.decoded(image)  # what cannot be read is said here, before a server is asked
    except DataError as error:
        return _shown(asked, model, str(error))
    with Client(url) as client:
        prediction = client.predict(image)
    answered = asked.site.answers.put(prediction, image=image, by=asked.name, model=model)
    return see(asked, f"/answers/{answered.id}")


def _image(asked: Asked) -> bytes:
    """The file or photograph that was sent, or the sample that was chosen."""
    for upload in (*asked.form.files.get("image", []), *asked.form.files.get("camera", [])):
        return upload.content()
    chosen = asked.form.field("sample")
    if chosen:
        return training_data.sample(asked.site.settings, asked.form.field("commit"), chosen)
    raise DataError("no picture was chosen: choose a file, take a photograph, or take a sample")


def _thumbnail(asked: Asked) -> Response:
    commit, item = asked.query.get("commit", ""), asked.query.get("id", "")
    found_commit(asked.site.settings.store, *commit.partition("@")[::2])
    data = training_data.thumbnail(asked.site.settings.store, commit, item)
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})


routes = [
    page("/", _form),
    page("/ask", _ask, method="POST"),
    page("/samples", _thumbnail),
]
