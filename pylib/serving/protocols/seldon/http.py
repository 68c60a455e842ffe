"""What is refused before the predictor is asked: unknown paths, wrong methods, bodies too large or not JSON.

Seldon answers these with 500. A model may bring a Flask blueprint of its own error handlers
(https://docs.seldon.io/projects/seldon-core/en/v1.17.1/python/python_component.html#user-defined-exceptions);
this is ours, so that a mistake in a request is a 4xx with a sentence.
"""

import json
from typing import Any

from flask import Blueprint, request
from seldon_core.flask_utils import SeldonMicroserviceException
from werkzeug.exceptions import HTTPException

from pylib.errors import RequestError
from pylib.serving.request import MAX_BYTES, check_size

_PREDICTIONS = {"/predict", "/api/v0.1/predictions", "/api/v1.0/predictions"}
_FEEDBACK = {"/send-feedback", "/api/v0.1/feedback", "/api/v1.0/feedback"}
_HEALTH = {"/health/ping", "/health/status", "/api/v1.0/health/status"}
_ABOUT = {"/metadata", "/api/v1.0/metadata", "/seldon.json"}
_STATUS = {
    "bad request": (400, "BAD_REQUEST"),
    "too large": (413, "BAD_REQUEST"),
    "not ready": (503, "NOT_READY"),
}


def blueprint() -> Any:
    """Return the Flask blueprint: one check before each request, and handlers for what parsing raises."""
    checks = Blueprint("requests", __name__)
    checks.before_app_request(_check)
    checks.app_errorhandler(HTTPException)(_http_error)
    for error in (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        checks.app_errorhandler(error)(_not_json)
    return checks


def _check() -> None:
    if request.path not in _PREDICTIONS | _FEEDBACK | _HEALTH | _ABOUT:
        raise _refusal(404, "there is nothing at this path: POST an image to /api/v1.0/predictions")
    if request.path in _HEALTH | _ABOUT or request.method == "OPTIONS":
        return
    if request.method != "POST":
        raise _refusal(405, f"{request.method} is not allowed here: use POST")
    length = request.content_length
    if length is None:
        raise _refusal(411, "the request has no Content-Length: send the body in one piece")
    try:
        check_size(length)
    except RequestError as error:
        _discard_body()
        raise refused(error) from error
    if request.is_json and not isinstance(request.get_json(silent=True), dict):
        raise _refusal(400, 'the body is not a JSON object such as {"binData": "<image in base64>"}')


def refused(error: RequestError) -> SeldonMicroserviceException:
    """Return the exception that Seldon turns into an HTTP answer with this error's status and sentence."""
    status, reason = _STATUS[error.kind]
    return _refusal(status, str(error), reason)


def _refusal(status: int, sentence: str, reason: str = "BAD_REQUEST") -> SeldonMicroserviceException:
    return SeldonMicroserviceException(sentence, status_code=status, reason=reason)


def _discard_body() -> None:
    """Read a body that is refused: to a client still sending, a closed connection would hide the answer."""
    stream = request.environ["wsgi.input"]
    for _ in range(4 * MAX_BYTES // 2**16):
        if not stream.read(2**16):
            return


def _http_error(error: HTTPException) -> tuple[dict[str, Any], int]:
    return _body(" ".join(str(error.description).split()), error.code or 500)


def _not_json(_: Exception) -> tuple[dict[str, Any], int]:
    return _body("the request cannot be read: a part that should be JSON text is not", 400)


def _body(sentence: str, status: int) -> tuple[dict[str, Any], int]:
    return SeldonMicroserviceException(sentence, reason="BAD_REQUEST").to_dict(), status
