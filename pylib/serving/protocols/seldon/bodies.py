"""The message in a request over REST: as JSON, as a form, or in a query; what is said where there is none."""

import base64
import json
from collections.abc import Iterable, Mapping
from email.message import Message
from typing import Any
from urllib.parse import parse_qs

from pylib.errors import RequestError
from pylib.serving.http import Request
from pylib.serving.protocols.seldon.multipart import Part, read_parts

JSON_BODY = '{"binData": "<image in base64>"}'
FORM = "curl --form binData=@image.jpg"
_EXPECTED = f"POST {JSON_BODY} with `Content-Type: application/json`, or the file as `{FORM}` does"
_FORM_TYPE = "application/x-www-form-urlencoded"
_PARTS = {"binData", "data", "jsonData", "strData", "customData", "meta", "status"}
"""The fields of a SeldonMessage, which are the parts that a form may have."""
_UNREADABLE = "the request cannot be read: a part that should be JSON text is not"


def read_message(request: Request) -> Mapping[str, Any]:
    """Return the JSON object that a request carries; raises RequestError.

    A file in a form comes back as `binData` in base64, as if it had been sent so.
    """
    if not {"content-length", "transfer-encoding"} & set(request.headers):
        raise RequestError(f"the request has no body and no Content-Length: {_EXPECTED}", "no length")
    said = Message()
    said["Content-Type"] = content_type = request.headers.get("content-type", "")
    mimetype = said.get_content_type() if content_type else ""
    if mimetype == "multipart/form-data":
        return _form(read_parts(request.body, str(said.get_param("boundary") or "")))
    if mimetype == "application/json" or (mimetype.startswith("application/") and mimetype.endswith("+json")):
        return _object(request.body)
    text = _field(request.body if mimetype == _FORM_TYPE else b"") or _field(request.query.encode())
    if not text:
        raise RequestError(_of_type(content_type, mimetype))
    return _object(text.encode(errors="surrogateescape"))


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        what = "is not" if body else "is empty, not"
        raise RequestError(f"the body {what} a JSON object such as {JSON_BODY}")
    return value


def _field(form: bytes) -> str:
    """The field `json` of a form or of a query; empty where there is none."""
    try:
        return parse_qs(form.decode(), max_num_fields=100).get("json", [""])[0]
    except ValueError:
        return ""


def _of_type(said: str, mimetype: str) -> str:
    if not said:
        return f"the request has no Content-Type, so its body is not read as JSON: {_EXPECTED}"
    if mimetype == _FORM_TYPE:
        return f"Content-Type {mimetype} is what curl says by itself, and carries no JSON here: {_EXPECTED}"
    if mimetype.startswith("image/") or mimetype == "application/octet-stream":
        return f"Content-Type {mimetype}: a file alone is not read, only in JSON or in a form: {_EXPECTED}"
    return f"Content-Type {said[:100]} is not read as JSON: {_EXPECTED}"


def _form(parts: list[Part]) -> Mapping[str, Any]:
    unknown = [part.name for part in parts if part.name not in _PARTS]
    if unknown:
        raise RequestError(
            f"the form's part {unknown[0][:80]!r} is not known: name the image binData, as in `{FORM}`"
        )
    images = [part for part in parts if part.name == "binData"]
    if any(not part.is_file for part in images):
        raise RequestError(f"binData is text in this form: send it as a file, with the @ of `{FORM}`")
    if len(images) > 1:
        raise RequestError(f"the form holds {len(images)} files binData: send one image a request")
    if not parts:
        raise RequestError(
            f"the form holds no image: send it as `{FORM}` does, which also names its boundary"
        )
    return {part.name: _value(part) for part in parts}


def _value(part: Part) -> Any:
    if part.name == "binData":
        return base64.b64encode(part.data)
    try:
        text = part.data.decode()
        return text if part.is_file or part.name == "strData" else json.loads(text)
    except UnicodeDecodeError as error:
        raise RequestError(_UNREADABLE) from error
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the form's part {part.name!r} is not JSON text, which it is read as") from error


def named(message: Mapping[str, object], known: Iterable[str]) -> str:
    """The keys of a message that it should not have, for a sentence; empty where it has none."""
    others = [repr(key) for key in message if key not in known]
    return f" but {', '.join(others[:5])}" if others else ""
