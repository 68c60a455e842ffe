"""One page: who may open it is asked, its form is read and checked, and its template is rendered.

All routes of the site are made by `page`, so none forgets to ask.
"""

import math
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from urllib.parse import quote

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    select_autoescape,
)
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from pylib.errors import ConfigurationError, PylibError
from pylib.tasks import task
from pylib.web import form as forms
from pylib.web import limits, refusal, static_content
from pylib.web.access import Role, User
from pylib.web.form import Form
from pylib.web.menu import MENU
from pylib.web.rate import Buckets
from pylib.web.refusal import Refusal
from pylib.web.site import Site

_YEAR = 31_536_000
_HIDDEN = '<input type="hidden" name="{}" value="{}">'


@dataclass(frozen=True)
class Asked:
    """A request to a page: of which site, by whom, and the form that came with it.

    user is None only on pages that are open to everybody.
    """

    request: Request
    site: Site
    user: User | None
    form: Form

    @property
    def path(self) -> Mapping[str, str]:
        """The named parts of the path."""
        return self.request.path_params

    @property
    def query(self) -> Mapping[str, str]:
        """The query's first value by name."""
        return self.request.query_params

    @property
    def name(self) -> str:
        """Who asks; empty where nobody is signed in."""
        return self.user.name if self.user else ""

    def at(self, path: str) -> str:
        """The address of a page of this site."""
        return self.site.prefix + path


Endpoint = Callable[[Asked], Response]


def page(
    path: str, endpoint: Endpoint, *, role: Role | None = Role.VIEWER, method: Literal["GET", "POST"] = "GET"
) -> Route:
    """A route whose endpoint runs in a thread, for who has the role; None: open to everybody."""

    async def answer(request: Request) -> Response:
        site: Site = request.app.state.site
        try:
            user = _admitted(request, site, role)
            _limit(request, user, method)
            async with _form(request, site, role, method) as form:
                response = await run_in_threadpool(endpoint, Asked(request, site, user, form))
        except _SignIn:
            back = quote(request.url.path, safe="/") if method == "GET" else site.prefix + "/"
            return RedirectResponse(f"{site.prefix}/login?next={back}", status_code=303)
        except (Refusal, PylibError, OSError) as error:
            response = refused(request, error if isinstance(error, Refusal) else refusal.of(error))
        _give_token(request, response, site)
        return response

    return Route(path, answer, methods=[method])


def render(asked: Asked, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page made of a template of this package; `asked` is among what it sees."""
    return _rendered(asked.request, asked.site, asked.user, template, status, {"asked": asked, **values})


def see(asked: Asked, path: str) -> RedirectResponse:
    """Answer a form with the page to look at next, so that reloading sends nothing twice."""
    return RedirectResponse(asked.at(path), status_code=303)


def refused(request: Request, why: Refusal) -> Response:
    """The page that says why."""
    site: Site = request.app.state.site
    try:
        user = _who(request, site)
    except Refusal as error:
        user, why = None, error
    response = _rendered(request, site, user, "refused.html.j2", why.status, {"why": why})
    if why.retry:
        response.headers["Retry-After"] = str(math.ceil(why.retry))
    return response


@cache
def templates() -> Environment:
    """The templates of the page; a task's own, `<task>/<file>`, are in its folder."""
    own = {name: FileSystemLoader(task.find(name).templates()) for name in task.names()}
    return Environment(
        loader=ChoiceLoader([PackageLoader("pylib.web"), PrefixLoader(own)]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class _SignIn(Exception):  # noqa: N818 (nothing is wrong yet)
    """Nobody is signed in, and somebody may be."""


def _admitted(request: Request, site: Site, role: Role | None) -> User | None:
    user = _who(request, site)
    if role is None or (user and user.may(role)):
        return user
    if user is None and site.access.signs_in:
        raise _SignIn
    if user is None:
        raise Refusal(403, "nobody who may be here: come through the gateway, signed in, with a role")
    raise Refusal(403, f"{user.name} is {user.role.name.lower()} here; this page is for {role.name.lower()}s")


def _who(request: Request, site: Site) -> User | None:
    try:
        return site.access.user(request.headers, request.cookies)
    except ConfigurationError as error:  # nobody is let in by what the file said before it was changed
        raise Refusal(503, f"who may be here cannot be told until an admin mends it: {error}") from error


def _form(request: Request, site: Site, role: Role | None, method: str) -> AbstractAsyncContextManager[Form]:
    if method == "GET":
        return nullcontext(Form({}, {}))
    limit = limits.LOGIN_BYTES if role is None else limits.BODY_BYTES
    return forms.read(request, site.access.secure, request.app.state.turns, limit)


def _limit(request: Request, user: User | None, method: str) -> None:
    if user is None and method == "GET":
        return  # what is open to everybody costs nothing
    name = user.name if user else "nobody"
    buckets: list[Buckets] = [request.app.state.requests]
    if method == "POST":
        buckets.append(request.app.state.posts if user else request.app.state.logins)
    wait = max(bucket.wait(name) for bucket in buckets)
    if wait:
        raise Refusal(429, f"too much at once: again in {math.ceil(wait)} s", wait)


def buckets() -> dict[str, Buckets]:
    """The limits of one site, by the names that `page` looks for."""
    return {
        "requests": Buckets(limits.RATE, limits.BURST),
        "posts": Buckets(limits.POSTS, limits.POST_BURST),
        "logins": Buckets(limits.LOGINS, limits.LOGIN_BURST),
    }


def _rendered(
    request: Request, site: Site, user: User | None, template: str, status: int, values: Mapping[str, Any]
) -> HTMLResponse:
    served = {route.path for route in request.app.state.routes}
    text = (
        templates()
        .get_template(template)
        .render(
            site=site,
            user=user,
            at=lambda path: site.prefix + path,
            here=request.url.path.removeprefix(site.prefix) or "/",
            menu=[each for each in MENU if user and user.may(each.role) and each.path in served],
            static=lambda name: f"{site.prefix}/static/{name}?v={static_content.version(name)}",
            csrf=lambda: Markup(_HIDDEN).format(forms.FIELD, forms.token(request, site.access.secure)),  # noqa: S704
            new_id=lambda: str(uuid.uuid4()),
            **values,
        )
    )
    return HTMLResponse(text.encode(errors="replace"), status_code=status)  # what servers say may be odd


def _give_token(request: Request, response: Response, site: Site) -> None:
    """Let the browser keep what a form of ours repeats."""
    if forms.FIELD in request.scope:
        response.set_cookie(
            forms.cookie(site.access.secure),
            request.scope[forms.FIELD],
            max_age=_YEAR,
            path="/",
            secure=site.access.secure,
            httponly=True,
            samesite="strict",
        )
