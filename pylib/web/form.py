"""A form as it was sent: within the limits, by the page's own visitor, its files read."""

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from pylib.errors import DataError
from pylib.web import limits
from pylib.web.refusal import Refusal

FIELD = "csrf"
_CHARSETS = {b"utf-8", b"utf8", b"us-ascii"}
MultiPartParser.spool_max_size = limits.SPOOLED_BYTES


class Upload(NamedTuple):
    """A file on the disk: the name that its sender gave it, which is no path here, and its size in bytes."""

    name: str
    size: int
    file: BinaryIO

    def content(self) -> bytes:
        """Its bytes, read anew each time; raises DataError where there are too many."""
        if self.size > limits.UPLOAD_BYTES:
            raise DataError(
                f"{self.name} is above {limits.UPLOAD_BYTES // limits.MIB} MiB: send a smaller one"
            )
        self.file.seek(0)
        return self.file.read()


class Form(NamedTuple):
    """What was sent, by field; a field may be there several times."""

    fields: Mapping[str, list[str]]
    files: Mapping[str, list[Upload]]

    def field(self, name: str) -> str:
        """The field's first value without the blanks around it; empty where there is none."""
        return self.fields.get(name, [""])[0].strip()


def cookie(secure: bool) -> str:
    """The name of the cookie that a form must repeat; browsers let no other host set a `__Host-` one."""
    return "__Host-pylib-form" if secure else "pylib-form"


def token(request: Request, secure: bool) -> str:
    """What a form on this page repeats: the visitor's, or a new one."""
    return request.cookies.get(cookie(secure), "") or str(request.scope.setdefault(FIELD, _new()))


@asynccontextmanager
async def read(
    request: Request, secure: bool, turns: asyncio.Semaphore, limit: int = limits.BODY_BYTES
) -> AsyncIterator[Form]:
    """A form, as long as the block; raises Refusal where it is too large, or not sent from a page of ours.

    What its head tells is checked before its body is read. It arrives on the disk, however slowly; of only so
    many at once, as there are turns, files are read into memory.
    """
    _check_origin(request)
    expected = request.cookies.get(cookie(secure), "")
    limit = _checked_head(request, limit)
    if not expected:
        raise _not_ours()
    limited = Request(request.scope, _Limited(request, limit).receive)
    try:
        async with (
            limited.form(
                max_files=limits.FILES, max_fields=limits.FIELDS, max_part_size=limits.FIELD_BYTES
            ) as sent,
            turns,
        ):
            form = Form({}, {})
            for name, value in sent.multi_items():
                _take(form, name, value)
            _check_token(form.field(FIELD), expected)
            yield form
    except MultiPartException as error:
        raise Refusal(400, f"the form cannot be read: {error}") from error
    except ClientDisconnect as error:
        raise Refusal(400, "the form did not arrive to its end") from error


def _checked_head(request: Request, limit: int) -> int:
    """How many bytes the body may have; raises Refusal where its head says that it has more."""
    kind, parameters = parse_options_header(request.headers.get("content-type"))
    if parameters.get(b"charset", b"utf-8").lower() not in _CHARSETS:
        raise Refusal(415, "the form is not in UTF-8: send it in UTF-8")
    if kind != b"multipart/form-data":
        limit = min(limit, limits.TEXT_BYTES)  # is read into memory
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limit:
        raise _too_large(limit)
    return limit


def _take(form: Form, name: str, value: UploadFile | str) -> None:
    if isinstance(value, str):
        form.fields.setdefault(name, []).append(value)  # type: ignore[attr-defined]
    elif value.size or value.filename:  # one left empty comes as an empty file without a name
        upload = Upload(value.filename or "", value.size or 0, value.file)
        form.files.setdefault(name, []).append(upload)  # type: ignore[attr-defined]


class _Limited:
    """The request's body, up to the limit, whatever its header said."""

    def __init__(self, request: Request, limit: int) -> None:
        self._receive, self._limit, self._left = request.receive, limit, limit

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _too_large(self._limit)
        return message


def _too_large(limit: int) -> Refusal:
    most = f"{limit // limits.MIB} MiB" if limit >= limits.MIB else f"{limit // 1024} KiB"
    return Refusal(413, f"at most {most} at once, and their length beforehand")


def _check_origin(request: Request) -> None:
    """What the browser itself says of where a form comes from; one that says nothing has the token."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    strange = origin is not None and _host(origin) != request.headers.get("host", "")
    if strange or site not in {None, "same-origin", "none"}:
        raise Refusal(403, "the form was sent from another site")


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # such as http://[x
        return None


def _check_token(sent: str, expected: str) -> None:
    if not hmac.compare_digest(sent.encode(), expected.encode()):
        raise _not_ours()


def _not_ours() -> Refusal:
    return Refusal(403, "the form is not one of this browser's pages: go back, reload the page, send again")


def _new() -> str:
    return secrets.token_urlsafe(24)
