"""Open Inference Protocol v2 over REST, with tensors as JSON or as bytes after it.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pylib.serving.engine import Engine
from pylib.serving.http import JSON, Request, Response, Route, json_response
from pylib.serving.protocols import arrays
from pylib.serving.protocols.open_inference import bodies, model, tensors
from pylib.serving.protocols.statuses import refused

__all__ = ["refused", "routes"]

_MODEL = "/v2/models/(?P<name>[^/]+)(/versions/(?P<version>[^/]+))?"
_GET, _POST = frozenset({"GET"}), frozenset({"POST"})
Groups = Mapping[str, str]


def routes(engine: Engine) -> list[Route]:
    """What is answered at which path."""
    return [
        _probe("/v2/health/live", lambda _: Response(200, b"")),
        _probe("/v2/health/ready", lambda _: _ready(engine)),
        _probe("/v2/?", lambda _: json_response(model.server())),
        _probe(f"{_MODEL}/ready", lambda groups: _model_ready(engine, groups)),
        _probe(f"{_MODEL}/?", lambda groups: _metadata(engine, groups)),
        Route(_POST, re.compile(f"{_MODEL}/infer"), partial(_infer, engine)),
    ]


def _probe(pattern: str, answer: Callable[[Groups], Response]) -> Route:
    return Route(_GET, re.compile(pattern), lambda _, groups: answer(groups), inline=True)


def _ready(engine: Engine) -> Response:
    engine.check_ready()
    return Response(200, b"")


def _model_ready(engine: Engine, groups: Groups) -> Response:
    _check(engine, groups)
    return _ready(engine)


def _metadata(engine: Engine, groups: Groups) -> Response:
    _check(engine, groups)
    return json_response(model.described(engine))


def _check(engine: Engine, groups: Groups) -> None:
    model.check(engine, groups["name"], groups.get("version") or "")


def _infer(engine: Engine, request: Request, groups: Groups) -> Response:
    _check(engine, groups)
    asked = bodies.read(request.body, request.headers.get(bodies.HEADER, ""))
    known = {each.name: tensors.DATATYPES[each.dtype] for each in engine.outputs}
    wanted = asked.outputs or dict.fromkeys(known, asked.binary)
    arrays.check_names(list(wanted), list(known))
    found = arrays.answered(engine, asked.images, list(wanted))
    head: dict[str, Any] = {
        "model_name": groups["name"],
        "model_version": engine.identity.model_digest,
        **({"id": asked.id} if asked.id else {}),
        "parameters": {**asked.parameters, **arrays.tags(found.answers)},
    }
    body, length = bodies.write(head, found.arrays, wanted, known)
    if not length:
        return Response(200, body, JSON)
    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(length)}
    return Response(200, body, headers)
