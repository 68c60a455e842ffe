"""Models: the history of releases from Git, the registry's versions, two of them side by side, promotion."""

from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from pylib.data.browsing import Page, page_of
from pylib.data.images import decode_image, encode_png
from pylib.errors import ConfigurationError, NotFoundError, PylibError, one_line
from pylib.metric_names import described, title
from pylib.registry.judged_on import note
from pylib.registry.lookup import every, figures
from pylib.registry.places import Places
from pylib.registry.promotion import abandon, promote, rollback
from pylib.registry.versions import Version, Versions, find
from pylib.release.entries import count, entries
from pylib.release.git import Git
from pylib.release.history import champion_since, replaced
from pylib.release.models import models, read_served, read_values
from pylib.release.running import outdated
from pylib.release.served import Served, Values
from pylib.web.access import Role
from pylib.web.data import number
from pylib.web.image_cache import Held
from pylib.web.item_pictures import picture
from pylib.web.model_cache import Answered, ask
from pylib.web.page import Asked, page, render, see
from pylib.web.refusal import Refusal

RELEASES, VERSIONS = 10, 20
"""On a page."""


def _overview(asked: Asked) -> Response:
    places = Places.of_settings()
    versions, trouble = _registered(places)
    names = sorted({*_served_names(places), *(versions.names() if versions else [])})
    rows = [{**_row(places, name, versions), "outdated": _outdated(asked, name)} for name in names]
    return render(asked, "models.html.j2", rows=rows, trouble=trouble)


def _row(places: Places, name: str, versions: Versions | None) -> dict[str, Any]:
    git = _git(places) if name in _served_names(places) else None
    now = read_served(git, name) if git else Served(Values())
    since = champion_since(git, name) if git else None
    known = versions.of(name) if versions else []
    champion = next((each for each in known if each.digest == now.values.digest), None)
    return {"name": name, "now": now, "since": since, "count": len(known), "champion": champion,
            "refused": sum(each.verdict != "passed" for each in known)}  # fmt: skip


def _one(asked: Asked) -> Response:
    name, places = asked.path["name"], Places.of_settings()
    known, trouble = _known(places, name)
    git = _git(places) if name in _served_names(places) else None
    served = read_served(git, name) if git else Served(Values())
    total = count(git, name) if git else 0
    wanted = page_of(range(total), number(asked.query.get("page")), RELEASES)
    found = entries(git, name, skip=(wanted.number - 1) * RELEASES, limit=RELEASES) if git else []
    return render(
        asked, "model.html.j2", name=name, trouble=trouble, served=served.values.digest, canary=served.canary,
        releases=Page(found, wanted.number, wanted.pages, total), known=known,
        versions=page_of(known, number(asked.query.get("versions")), VERSIONS), may=_may(asked),
        back=_former(git, name, served.values.digest), done=_DONE.get(asked.query.get("done", ""), ""),
        outdated=_outdated(asked, name),
    )  # fmt: skip


_DONE = {
    "promoted": "Released: the commit is made, and what Argo CD watches names the model.",
    "back": "The former model is released again.",
    "abandoned": "The canary is gone; the champion answers all.",
}


def _version(asked: Asked) -> Response:
    name, places = asked.path["name"], Places.of_settings()
    version, versions = _found(places, name, asked.path["version"])
    parameters, measured = figures(version, versions, places)
    served = places.served().get(name, "")
    headline = [(title(key), value) for key, value in measured.items() if _is_headline(key)]
    details = [(key, value) for key, value in measured.items() if not _is_headline(key)]
    return render(
        asked, "model_version.html.j2", name=name, version=version, parameters=parameters, headline=headline,
        details=details, served=served, may=_may(asked),
    )  # fmt: skip


def _is_headline(metric: str) -> bool:
    """Whether it is of the whole test split, and no part of it or end of an interval."""
    return not set("./") & set(metric)


def _compare(asked: Asked) -> Response:
    name, places = asked.path["name"], Places.of_settings()
    one, versions = _found(places, name, asked.query.get("one") or "champion")
    other, _ = _found(places, name, asked.query.get("other") or "champion")
    (_, measured), (_, measured_2) = (figures(each, versions, places) for each in (one, other))
    both = [(key, measured.get(key), measured_2.get(key)) for key in sorted({*measured, *measured_2})]
    told = [(_is_headline(key), described(key), *pair) for key, *pair in both]
    return render(
        asked, "models_compare.html.j2", name=name, one=one, other=other,
        headline=[row for is_headline, *row in told if is_headline],
        details=[row for is_headline, *row in told if not is_headline],
        known=every(versions, name), note=note(one, other, asked.site.settings.store),
        image=asked.query.get("image", ""), answers=_answers(asked, one, other),
    )  # fmt: skip


def _answers(asked: Asked, one: Version, other: Version) -> list[tuple[Version, Answered]]:
    """What both say of the image that was sent; nothing where none was."""
    if not asked.query.get("image"):
        return []
    data = _held(asked).get(asked.query["image"])
    return [(each, ask(asked.site.settings.artifacts, each.digest, data)) for each in (one, other)]


def _take_image(asked: Asked) -> Response:
    """Hold the image, and show both answers at an address that can be loaded again."""
    name, which = asked.path["name"], {key: asked.form.field(key) for key in ("one", "other")}
    uploads = asked.form.files.get("image", [])
    if uploads:
        decode_image(uploads[0].content())  # what is no image is refused before it is held
        which["image"] = _held(asked).put(uploads[0].content())
    return see(asked, f"/models/{quote(name)}/compare?{urlencode(which)}")


def _drawn(asked: Asked) -> Response:
    """The task's own picture of what a model says of an image that is held."""
    data = _held(asked).get(asked.path["image"])
    answer = ask(asked.site.settings.artifacts, asked.path["digest"], data)
    shown = answer.task.answer.picture(decode_image(data), answer.task.answer.read(answer.content))
    return picture(encode_png(shown), "image/png")


def _held(asked: Asked) -> Held:
    return Held(asked.site.settings.output / "web" / "compared")


def _confirm_promotion(asked: Asked) -> Response:
    version, _ = _found(Places.of_settings(), asked.path["name"], asked.query.get("version", ""))
    return render(
        asked, "model_confirm.html.j2", name=version.name, version=version, entry="", do="promote",
        standing=asked.query.get("standing", ""),
    )  # fmt: skip


def _promote(asked: Asked) -> Response:
    places = Places.of_settings()
    version, versions = _found(places, asked.path["name"], asked.form.field("version"))
    promote(version, places, versions, standing=bool(asked.form.field("standing")))
    return see(asked, f"/models/{version.name}?done=promoted")


def _confirm_rollback(asked: Asked) -> Response:
    name, places = asked.path["name"], Places.of_settings()
    git = _git(places)
    entry = _former(git, name, read_values(git, name).digest) if git else ""
    if not entry:
        raise Refusal(409, f"{name}: nothing was served before, so there is nothing to go back to")
    return render(
        asked, "model_confirm.html.j2", name=name, version=None, entry=entry, do="rollback",
        standing="",
    )  # fmt: skip


def _roll_back(asked: Asked) -> Response:
    name = asked.path["name"]
    rollback(name, Places.of_settings())
    return see(asked, f"/models/{name}?done=back")


def _confirm_abandon(asked: Asked) -> Response:
    return render(
        asked, "model_confirm.html.j2", name=asked.path["name"], version=None, entry="", do="abandon",
        standing="",
    )  # fmt: skip


def _abandon(asked: Asked) -> Response:
    abandon(asked.path["name"], Places.of_settings())
    return see(asked, f"/models/{asked.path['name']}?done=abandoned")


def _former(git: Git | None, name: str, served: str) -> str:
    """The digest that a rollback would serve again; empty where it would be refused."""
    try:
        return replaced(git, name, served).former.digest if git and served else ""
    except PylibError:
        return ""


def _registered(places: Places) -> tuple[Versions | None, str]:
    """The registry, and what is wrong with it: releases are shown without it, too."""
    try:
        return places.registered(), ""
    except PylibError as error:
        return None, one_line(error)


def _known(places: Places, name: str) -> tuple[list[Version], str]:
    versions, trouble = _registered(places)
    try:
        return every(versions, name), trouble
    except ConfigurationError as error:
        if name not in _served_names(places):
            raise NotFoundError(str(error)) from error
        return [], trouble


def _found(places: Places, name: str, which: str) -> tuple[Version, Versions]:
    versions, trouble = _registered(places)
    if versions is None:
        raise NotFoundError(trouble or "no model is registered yet")
    return find(every(versions, name), which), versions


def _git(places: Places) -> Git | None:
    return Git(places.repository) if (places.repository / ".git").exists() else None


def _served_names(places: Places) -> list[str]:
    git = _git(places)
    return models(git) if git else []


def _outdated(asked: Asked, name: str) -> str:
    """What answers here where Git names something else; empty where they agree or nothing runs."""
    url = asked.site.servers().get(name)
    return outdated(asked.site.settings, name, url) if url else ""


def _may(asked: Asked) -> bool:
    return bool(asked.user and asked.user.may(Role.ADMIN))


routes = [
    page("/models", _overview),
    page("/models/{name}", _one),
    page("/models/{name}/versions/{version}", _version),
    page("/models/{name}/compare", _compare),
    page("/models/{name}/compare", _take_image, method="POST"),
    page("/models/drawn/{digest}/{image}", _drawn),
    page("/models/{name}/promote", _confirm_promotion, role=Role.ADMIN),
    page("/models/{name}/promote", _promote, role=Role.ADMIN, method="POST"),
    page("/models/{name}/rollback", _confirm_rollback, role=Role.ADMIN),
    page("/models/{name}/rollback", _roll_back, role=Role.ADMIN, method="POST"),
    page("/models/{name}/abandon", _confirm_abandon, role=Role.ADMIN),
    page("/models/{name}/abandon", _abandon, role=Role.ADMIN, method="POST"),
]
