"""The files that pages name, which a browser keeps until they change."""

from starlette.responses import Response

from pylib.web.page import Asked, page
from pylib.web.refusal import Refusal
from pylib.web.static_content import TYPES, files, version


def _file(asked: Asked) -> Response:
    name = asked.path["name"]
    if name not in files():
        raise Refusal(404, f"there is no file {name}")
    kind = TYPES[name.rpartition(".")[2]]
    forever = asked.query.get("v") == version(name)
    headers = {"Cache-Control": "max-age=31536000, immutable" if forever else "no-cache"}
    return Response(files()[name], media_type=kind, headers=headers)


routes = [page("/static/{name}", _file, role=None)]
