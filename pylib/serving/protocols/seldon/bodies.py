"""The body of a request over HTTP: how much of it is read, what is said where it holds no message.

Seldon's own parsing (`seldon_core.flask_utils.get_request`) comes after; what it would answer with "Can't
find JSON in data" is told here in a sentence that says what to send.
"""

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Request

from pylib.errors import RequestError
from pylib.serving.limits import MAX_BYTES, check_size

JSON_BODY = '{"binData": "<image in base64>"}'
FORM = "curl --form binData=@image.jpg"
_EXPECTED = f"POST {JSON_BODY} with `Content-Type: application/json`, or the file as `{FORM}` does"
_PARTS = {"binData", "data", "jsonData", "strData", "customData", "meta", "status"}
"""The fields of a SeldonMessage, which are the parts that a form may have."""


class Limited(io.RawIOBase):
    """A request's body that can be read up to the limit; RequestError beyond it, or where it is broken off.

    A body in chunks does not say its length before, so it is counted while it is read.
    """

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream, self._count = stream, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read what fits into the buffer; 0 at the end."""
        try:
            data: bytes = self._stream.read(len(buffer))
        except OSError as error:  # gunicorn's, of chunks
            raise RequestError("the body breaks off: its chunks are not what HTTP/1.1 asks for") from error
        self._count += len(data)
        check_size(self._count)
        buffer[: len(data)] = data
        return len(data)


def discard(stream: Any) -> None:
    """Read what is left of a refused body: a client still sending would see a closed connection only."""
    try:
        for _ in range(4 * MAX_BYTES // 2**16):
            if not stream.read(2**16):
                return
    except OSError:  # what comes is no body
        return


def check_headers(request: Request) -> None:
    """Raise RequestError where the headers say already that the body cannot be read."""
    transfer = request.headers.get("Transfer-Encoding", "").strip().lower()
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if transfer not in {"", "chunked"}:
        raise RequestError(
            f"Transfer-Encoding {transfer} is not read here: send the body as it is, or chunked"
        )
    if encoding not in {"", "identity"}:
        raise RequestError(
            f"Content-Encoding {encoding} is not read here: send the body as it is; images are compressed",
            "not supported",
        )
    if not transfer and request.content_length is None:
        raise RequestError(f"the request has no body and no Content-Length: {_EXPECTED}", "no length")
    check_size(request.content_length or 0)


def check_message(request: Request) -> None:
    """Raise RequestError where the body is of a form that carries no message, or says so wrongly."""
    if request.mimetype == "multipart/form-data":
        _check_parts(request)
    elif request.is_json:
        check_json(request)
    elif not (request.form.get("json") or request.args.get("json")):
        raise RequestError(_of_type(request.content_type or "", request.mimetype))


def check_json(request: Request) -> None:
    """Raise RequestError where the body is not a JSON object."""
    if not isinstance(request.get_json(silent=True), dict):
        what = "is not" if request.get_data() else "is empty, not"
        raise RequestError(f"the body {what} a JSON object such as {JSON_BODY}")


def _of_type(said: str, mimetype: str) -> str:
    if not said:
        return f"the request has no Content-Type, so its body is not read as JSON: {_EXPECTED}"
    if mimetype == "application/x-www-form-urlencoded":
        return f"Content-Type {mimetype} is what curl says by itself, and carries no JSON here: {_EXPECTED}"
    if mimetype.startswith("image/") or mimetype == "application/octet-stream":
        return f"Content-Type {mimetype}: a file alone is not read, only in JSON or in a form: {_EXPECTED}"
    return f"Content-Type {mimetype or said} is not read as JSON: {_EXPECTED}"


def _check_parts(request: Request) -> None:
    unknown = [name for name in (*request.files, *request.form) if name not in _PARTS]
    if unknown:
        raise RequestError(
            f"the form's part {unknown[0]!r} is not known: name the image binData, as in `{FORM}`"
        )
    if "binData" in request.form:
        raise RequestError(f"binData is text in this form: send it as a file, with the @ of `{FORM}`")
    for name in request.form:
        if name != "strData" and not _is_json(request.form[name]):
            raise RequestError(f"the form's part {name!r} is not JSON text, which it is read as")
    images = len(request.files.getlist("binData"))
    if images > 1:
        raise RequestError(f"the form holds {images} files binData: send one image a request")
    if not request.files and not request.form:
        raise RequestError(
            f"the form holds no image: send it as `{FORM}` does, which also names its boundary"
        )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def named(message: Mapping[str, object], known: Iterable[str]) -> str:
    """The keys of a message that it should not have, for a sentence; empty where it has none."""
    others = [repr(key) for key in message if key not in known]
    return f" but {', '.join(others[:5])}" if others else ""
