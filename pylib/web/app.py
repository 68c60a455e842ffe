"""The site: all its pages behind one door."""

import asyncio

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from pylib.web import (
    answer,
    ask,
    contribute,
    data,
    explain,
    feedback,
    login,
    models,
    review,
    review_commit,
    runs,
    static_files,
)
from pylib.web.connections import Busy
from pylib.web.headers import SecurityHeaders
from pylib.web.limits import FORMS
from pylib.web.page import buckets, refused
from pylib.web.refusal import Refusal
from pylib.web.site import Site

PAGES = (
    *(ask, answer, feedback, contribute, login, static_files),
    *(review_commit, review, models, data, runs, explain),
)
"""A module of this package each, with the routes of its page in `routes`."""


def create_app(site: Site) -> Starlette:
    """The site as an ASGI application; /healthz says, to everybody, that it answers."""
    routes = [route for module in PAGES for route in module.routes]
    app = Starlette(
        routes=[Route("/healthz", _healthy), Mount(site.prefix, routes=routes)],
        middleware=[Middleware(SecurityHeaders), Middleware(Busy)],
        exception_handlers={HTTPException: _not_there, Exception: _failed},
    )
    app.state.site, app.state.routes = site, routes
    app.state.turns = asyncio.Semaphore(FORMS)
    for name, bucket in buckets().items():
        setattr(app.state, name, bucket)
    return app


def _healthy(request: Request) -> Response:  # noqa: ARG001
    return PlainTextResponse("ok\n")


def _not_there(request: Request, error: Exception) -> Response:
    status, detail = (error.status_code, error.detail) if isinstance(error, HTTPException) else (404, "")
    return refused(request, Refusal(status, "there is no such page" if status == 404 else detail))  # noqa: PLR2004


def _failed(request: Request, error: Exception) -> Response:  # noqa: ARG001 (the server logs it)
    return refused(request, Refusal(500, "this is a fault of the page; its log says which"))
