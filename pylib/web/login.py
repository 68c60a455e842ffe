"""Signing in with the password, or by the link that works once, that the terminal shows."""

from starlette.responses import Response

from pylib.web.access import SESSION, Password
from pylib.web.page import Asked, page, render, see
from pylib.web.refusal import Refusal


def _form(asked: Asked) -> Response:
    token = asked.query.get("token")
    if token is None or asked.request.method == "HEAD":  # a preview's look does not use the link up
        return render(asked, "login.html.j2", wrong=False, next=_next(asked.query.get("next", "")))
    return _signed_in(asked, _access(asked).session(token=token), "/")


def _sign_in(asked: Asked) -> Response:
    session = _access(asked).session(password=asked.form.field("password"))
    return _signed_in(asked, session, _next(asked.form.field("next")))


def _sign_out(asked: Asked) -> Response:
    _access(asked).end(asked.request.cookies.get(SESSION, ""))
    response = see(asked, "/login")
    response.delete_cookie(SESSION, path="/")
    return response


def _signed_in(asked: Asked, session: str | None, after: str) -> Response:
    if session is None:
        return render(asked, "login.html.j2", status=403, wrong=True, next=after)
    response = see(asked, after)
    response.set_cookie(SESSION, session, path="/", httponly=True, samesite="strict")
    return response


def _access(asked: Asked) -> Password:
    if not isinstance(asked.site.access, Password):
        raise Refusal(404, "the gateway asks who you are: there is no password here")
    return asked.site.access


def _next(path: str) -> str:
    """A path of this site, whatever was asked: nobody is sent elsewhere."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


routes = [
    page("/login", _form, role=None),
    page("/login", _sign_in, role=None, method="POST"),
    page("/logout", _sign_out, method="POST"),
]
