"""The parts of a multipart form (RFC 7578), from its whole body."""

from email.message import Message
from typing import TYPE_CHECKING, NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from pylib.errors import RequestError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MOST = 20
"""Parts: a SeldonMessage has seven fields."""


class Part(NamedTuple):
    """A part: its name, what it holds, and whether it was sent as a file."""

    name: str
    data: bytes
    is_file: bool


class _Reader:
    """Collects what the parser finds."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._data, self._field, self._value = bytearray(), b"", b""
        self._headers: dict[str, str] = {}

    def on_part_begin(self) -> None:
        if len(self.parts) == _MOST:
            raise RequestError(f"the form has more than {_MOST} parts: send one image")
        self._data, self._headers = bytearray(), {}

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def on_part_end(self) -> None:
        said = Message()
        said["Content-Disposition"] = self._headers.get("content-disposition", "")
        name = said.get_param("name", "", "content-disposition")
        self.parts.append(Part(str(name), bytes(self._data), said.get_filename() is not None))

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self._headers[self._field.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._field = self._value = b""


def read_parts(body: bytes, boundary: str) -> list[Part]:
    """Return the parts; none where the body is no form with that boundary. Raises RequestError."""
    if not boundary:
        return []
    reader = _Reader()
    callbacks: MultipartCallbacks = {
        "on_part_begin": reader.on_part_begin,
        "on_part_data": reader.on_part_data,
        "on_part_end": reader.on_part_end,
        "on_header_field": reader.on_header_field,
        "on_header_value": reader.on_header_value,
        "on_header_end": reader.on_header_end,
    }
    try:
        parser = MultipartParser(boundary.encode("latin-1", "replace"), callbacks)
        parser.write(body)
    except FormParserError as error:
        if not reader.parts:
            return []
        raise RequestError(f"the form breaks off after {len(reader.parts)} parts: send it whole") from error
    return reader.parts
