"""A form as it was sent: within the limits, by the page's own visitor, its files read."""

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from pylib.errors import DataError
from pylib.web import limits
from pylib.web.refusal import Refusal

FIELD = "csrf"


class Upload(NamedTuple):
    """A file: the name that its sender gave it, which is no path here; data None: too large to be read."""

    name: str
    data: bytes | None

    def content(self) -> bytes:
        """Its bytes; raises DataError where there are too many."""
        if self.data is None:
            raise DataError(
                f"{self.name} is above {limits.UPLOAD_BYTES // limits.MIB} MiB: send a smaller one"
            )
        return self.data


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
async def read(request: Request, secure: bool, turns: asyncio.Semaphore) -> AsyncIterator[Form]:
    """A form, as long as the block; raises Refusal where it is too large, or not sent from a page of ours.

    It arrives on the disk, however slowly; only so many at once, as there are turns, are read into memory.
    """
    _check_origin(request)
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limits.BODY_BYTES:
        raise _too_large()
    limited = Request(request.scope, _Limited(request).receive)
    try:
        async with (
            limited.form(
                max_files=limits.FILES, max_fields=limits.FIELDS, max_part_size=limits.FIELD_BYTES
            ) as sent,
            turns,
        ):
            form = Form({}, {})
            for name, value in sent.multi_items():
                await _take(form, name, value)
            _check_token(form.field(FIELD), request.cookies.get(cookie(secure), ""))
            yield form
    except MultiPartException as error:
        raise Refusal(400, f"the form cannot be read: {error}") from error
    except ClientDisconnect as error:
        raise Refusal(400, "the form did not arrive to its end") from error


async def _take(form: Form, name: str, value: UploadFile | str) -> None:
    if isinstance(value, str):
        form.fields.setdefault(name, []).append(value)  # type: ignore[attr-defined]
        return
    data = await value.read() if (value.size or 0) <= limits.UPLOAD_BYTES else None
    if data != b"" or value.filename:  # one left empty comes as an empty file without a name
        form.files.setdefault(name, []).append(Upload(value.filename or "", data))  # type: ignore[attr-defined]


class _Limited:
    """The request's body, up to the limit, whatever its header said."""

    def __init__(self, request: Request) -> None:
        self._receive, self._left = request.receive, limits.BODY_BYTES

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _too_large()
        return message


def _too_large() -> Refusal:
    return Refusal(413, f"at most {limits.BODY_BYTES // limits.MIB} MiB at once, and their length beforehand")


def _check_origin(request: Request) -> None:
    """What the browser itself says of where a form comes from; one that says nothing has the token."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    strange = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if strange or site not in {None, "same-origin", "none"}:
        raise Refusal(403, "the form was sent from another site")


def _check_token(sent: str, expected: str) -> None:
    if not expected or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise Refusal(
            403, "the form is not one of this browser's pages: go back, reload the page, send again"
        )


def _new() -> str:
    return secrets.token_urlsafe(24)
