"""What is refused before the predictor is asked: unknown paths, wrong methods, bodies too large or not JSON.

Seldon answers these with 500. A model may bring a Flask blueprint of its own error handlers
(https://docs.seldon.io/projects/seldon-core/en/v1.17.1/python/python_component.html#user-defined-exceptions);
this is ours, so that a mistake in a request is a 4xx with a sentence.
"""

import json
from typing import Any

from flask import Blueprint, Response, g, request
from seldon_core.flask_utils import SeldonMicroserviceException
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from pylib.errors import RequestError
from pylib.serving.protocols.seldon import bodies

_PREDICTIONS = {"/predict", "/api/v0.1/predictions", "/api/v1.0/predictions"}
_FEEDBACK = {"/send-feedback", "/api/v0.1/feedback", "/api/v1.0/feedback"}
_HEALTH = {"/health/ping", "/health/status", "/api/v1.0/health/status"}
_ABOUT = {"/metadata", "/api/v1.0/metadata", "/seldon.json"}
_STATUS = {
    "bad request": (400, "BAD_REQUEST"),
    "no length": (411, "BAD_REQUEST"),
    "too large": (413, "BAD_REQUEST"),
    "not supported": (415, "BAD_REQUEST"),
    "not ready": (503, "NOT_READY"),
}


def blueprint() -> Any:
    """Return the Flask blueprint: one check before each request, and handlers for what parsing raises."""
    checks = Blueprint("requests", __name__)
    checks.before_app_request(_check)
    checks.after_app_request(_discard_rest)
    checks.app_errorhandler(HTTPException)(_http_error)
    checks.app_errorhandler(RequestError)(_request_error)
    for error in (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        checks.app_errorhandler(error)(_not_json)
    return checks


def _check() -> None:
    if request.path not in _PREDICTIONS | _FEEDBACK | _HEALTH | _ABOUT:
        raise NotFound("there is nothing at this path: POST an image to /api/v1.0/predictions")
    if request.path in _HEALTH | _ABOUT or request.method == "OPTIONS":
        return
    if request.method != "POST":
        raise MethodNotAllowed(["POST"], f"{request.method} is not allowed here: use POST")
    bodies.check_headers(request)
    g.body = request.environ["wsgi.input"]
    request.environ["wsgi.input"] = bodies.Limited(g.body)
    if request.path in _PREDICTIONS:
        bodies.check_message(request)
    elif request.is_json:
        bodies.check_json(request)


def _discard_rest(response: Response) -> Response:
    if response.status_code >= 400:  # noqa: PLR2004
        bodies.discard(g.get("body", request.environ["wsgi.input"]))
    return response


def refused(error: RequestError) -> SeldonMicroserviceException:
    """Return the exception that Seldon turns into an HTTP answer with this error's status and sentence."""
    status, reason = _STATUS[error.kind]
    return SeldonMicroserviceException(str(error), status_code=status, reason=reason)


def _request_error(error: RequestError) -> tuple[dict[str, Any], int]:
    told = refused(error)
    return told.to_dict(), told.status_code


def _http_error(error: HTTPException) -> tuple[dict[str, Any], int, dict[str, str]]:
    allowed = getattr(error, "valid_methods", None)
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    return *_body(" ".join(str(error.description).split()), error.code or 500), headers


def _not_json(_: Exception) -> tuple[dict[str, Any], int]:
    return _body("the request cannot be read: a part that should be JSON text is not", 400)


def _body(sentence: str, status: int) -> tuple[dict[str, Any], int]:
    return SeldonMicroserviceException(sentence, reason="BAD_REQUEST").to_dict(), status
