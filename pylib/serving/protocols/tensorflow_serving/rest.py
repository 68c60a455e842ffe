"""TensorFlow Serving over REST: `:predict` by rows (`instances`) or by columns (`inputs`), status, metadata.

https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.errors import RequestError
from pylib.serving.engine import Engine
from pylib.serving.http import Request, Response, Route, json_response
from pylib.serving.limits import MAX_IMAGES
from pylib.serving.protocols import arrays
from pylib.serving.protocols.statuses import refused
from pylib.serving.protocols.tensorflow_serving import described, signature
from pylib.serving.request import from_lists

__all__ = ["refused", "routes"]

_MODEL = "/v1/models/(?P<name>[^/:]+)(/versions/(?P<version>[^/:]+)|/labels/(?P<label>[^/:]+))?"
_GET, _POST = frozenset({"GET"}), frozenset({"POST"})
_EXPECTED = '{"instances": [{"b64": "<image file in base64>"}]}'
Groups = Mapping[str, str]


def routes(engine: Engine) -> list[Route]:
    """What is answered at which path."""
    return [
        Route(_GET, re.compile(_MODEL), partial(_status, engine), inline=True),
        Route(_GET, re.compile(f"{_MODEL}/metadata"), partial(_metadata, engine), inline=True),
        Route(_POST, re.compile(f"{_MODEL}:predict"), partial(_predict, engine)),
    ]


def _status(engine: Engine, _: Request, groups: Groups) -> Response:
    _check(engine, groups)
    return json_response(described.status(engine))


def _metadata(engine: Engine, _: Request, groups: Groups) -> Response:
    _check(engine, groups)
    return json_response(described.metadata(engine, groups["name"]))


def _check(engine: Engine, groups: Groups) -> None:
    signature.check_model(engine, groups["name"], groups["version"] or "", groups["label"] or "")


def _predict(engine: Engine, request: Request, groups: Groups) -> Response:
    _check(engine, groups)
    form, images = read(request.body)
    # REST has no way to ask for some outputs: a mask goes as a file, not as a number for each pixel.
    names = [name for name, each in signature.outputs(engine).items() if each.dtype != "uint8"]
    found = signature.answered(engine, images, names)
    columns = {name: _json(array) for name, array in found.items()}
    if form == "inputs":
        return json_response({"outputs": columns})
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return json_response({"predictions": rows})


def read(body: bytes) -> tuple[str, NDArray[Any]]:
    """Read a request: which of its two forms it has, and its images. Raises RequestError."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the request is not JSON: send {_EXPECTED}") from error
    forms = [form for form in ("instances", "inputs") if isinstance(message, dict) and form in message]
    if len(forms) != 1:
        raise RequestError(f"the request holds {' and '.join(forms) or 'no instances'}: send {_EXPECTED}")
    signature.check_signature(str(message.get("signature_name", "")))
    value = message[forms[0]]
    if forms[0] == "inputs":
        return forms[0], _images(_named(value))
    if not isinstance(value, list):
        raise RequestError(f"instances is not a list: send {_EXPECTED}")
    _check_count(value)
    return forms[0], _images([_named(row) for row in value])


def _named(value: object) -> object:
    """What an input holds, named or not: there is but one."""
    if not isinstance(value, dict) or "b64" in value:
        return value
    if list(value) != [arrays.INPUT]:
        found = ", ".join(str(name)[:80] for name in list(value)[:5]) or "nothing"
        raise RequestError(f"there is no such input: {found}; the one input is {arrays.INPUT}")
    return value[arrays.INPUT]


def _images(value: object) -> NDArray[Any]:
    files = [value] if isinstance(value, dict) else value
    while isinstance(files, list) and len(files) == 1 and isinstance(files[0], list):
        if not isinstance(files[0][0] if files[0] else None, dict | list):
            break
        files = files[0]  # [[{"b64": …}]], as a tensor of shape [1,1] is written
    if isinstance(files, list) and files and isinstance(files[0], dict):
        _check_count(files)
        images = np.empty(len(files), object)
        images[:] = [_file(each) for each in files]
        return images
    return from_lists(value, arrays.INPUT)


def _check_count(images: list[Any]) -> None:
    if len(images) > MAX_IMAGES:
        raise RequestError(f"the request holds {len(images):,} images: send 1 to {MAX_IMAGES}")


def _file(value: object) -> bytes:
    text = value.get("b64") if isinstance(value, dict) and len(value) == 1 else None
    try:
        return base64.b64decode(text if isinstance(text, str) else b"?", validate=True)
    except ValueError as error:
        raise RequestError(
            f'{arrays.INPUT} holds no {{"b64": …}} of a file in base64: send {_EXPECTED}'
        ) from error


def _json(array: NDArray[Any]) -> list[Any]:
    arrays.check_count("the answer", array)
    listed: list[Any] = array.tolist()
    if array.dtype == object:
        return [{"b64": base64.b64encode(x).decode()} if isinstance(x, bytes) else x for x in listed]
    return listed
