"""Ask: an image, and what a served model sees in it."""

from starlette.responses import Response

from pylib.web.page import Asked, page, render


def _form(asked: Asked) -> Response:
    return render(asked, "ask.html.j2", models=sorted(asked.site.servers()))


routes = [page("/", _form)]
