"""Seldon's protocol over REST: its paths, and what is refused in its form.

https://docs.seldon.io/projects/seldon-core/en/v1.17.1/reference/apis/external-prediction.html
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from pylib.errors import RequestError
from pylib.serving.engine import Engine
from pylib.serving.http import STATUS, Handler, Request, Response, Route, json_response
from pylib.serving.limits import MAX_FEEDBACK_VALUES
from pylib.serving.protocols.seldon.bodies import read_message
from pylib.serving.protocols.seldon.predictor import Predictor

_REASON: Mapping[str, str] = MappingProxyType({"not ready": "NOT_READY", "overloaded": "NOT_READY"})
_INTERNAL = "MICROSERVICE_INTERNAL_ERROR"
_FAILURE = 1  # of Seldon's enumeration Status.StatusFlag


def routes(engine: Engine) -> list[Route]:
    """Predictions, feedback, health and metadata, as Seldon's operator and its clients ask for them."""
    predictor = Predictor(engine)

    def predict(request: Request, _: Mapping[str, str]) -> Response:
        return json_response(predictor.predict_json(read_message(request)))

    def feedback(request: Request, _: Mapping[str, str]) -> Response:
        if request.body.count(b",") > MAX_FEEDBACK_VALUES:
            raise RequestError("the feedback has too many values: send a mask as mask_png", "too large")
        return json_response(predictor.feedback_json(read_message(request)))

    def status(_request: Request, _: Mapping[str, str]) -> Response:
        engine.check_ready()
        return json_response(predictor.status())

    def metadata(_request: Request, _: Mapping[str, str]) -> Response:
        return json_response(predictor.metadata())

    def ping(_request: Request, _: Mapping[str, str]) -> Response:
        return Response(200, b"pong", {"Content-Type": "text/html; charset=utf-8"})

    return [
        _route("POST", r"/predict|/api/v(0\.1|1\.0)/predictions", predict),
        _route("POST", r"/send-feedback|/api/v(0\.1|1\.0)/feedback", feedback)._replace(waits=True),
        _route("GET", r"(/api/v1\.0)?/health/status", status),
        _route("GET", r"(/api/v1\.0)?/metadata", metadata),
        _route("GET", r"/health/ping", ping),
    ]


def probes(engine: Engine) -> list[Route]:
    """What a pod's probes and its operator ask, whichever protocols are on: health and metadata."""
    return [route for route in routes(engine) if route.inline]


def refused(error: RequestError) -> Response:
    """The answer that Seldon gives to an error, with its status and its sentence."""
    reason = _INTERNAL if error.kind == "internal" else _REASON.get(error.kind, "BAD_REQUEST")
    told = {"status": _FAILURE, "info": str(error), "code": -1, "reason": reason}
    return json_response({"status": told}, STATUS[error.kind])


def _route(method: str, pattern: str, handler: Handler) -> Route:
    return Route(frozenset({method}), re.compile(pattern), handler, inline=method == "GET")
