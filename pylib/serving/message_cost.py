"""What it costs to parse a message of protobuf, found before it is parsed.

The protobuf that Seldon's messages need is Python's own code, which takes a microsecond for a number and
several for a field. Twenty megabytes can hold ten million of either, a minute of a server that does nothing
else; of what a client really sends, nearly all is one file, which costs nothing.
https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Callable
from typing import Any

from pylib.errors import RequestError
from pylib.serving.limits import MAX_MESSAGE_VALUES

_FIELD = 10  # as much as so many numbers
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIZES = {
    1: 8,
    2: 4,
    6: 8,
    7: 4,
    15: 4,
    16: 8,
}
"""Bytes of a number, by FieldDescriptor's types; of others it is one or more."""
_TEXTS = {9, 12}


def parser(message: Any) -> Callable[[bytes], Any]:
    """What makes a message of bytes; raises RequestError where it would take too long."""

    def parse(data: bytes) -> Any:
        check_cost(data, message.DESCRIPTOR)
        return message.FromString(data)

    return parse


def check_cost(data: bytes, descriptor: Any) -> None:
    """Raise RequestError where a message has more fields and numbers than are parsed.

    Bytes that are no message are passed: the parser says so.
    """
    left = MAX_MESSAGE_VALUES
    waiting = [(0, len(data), descriptor)]
    try:
        while waiting:
            place, end, kind = waiting.pop()
            while place < end:
                key, place = _varint(data, place)
                field = kind.fields_by_number.get(key >> 3)
                left -= _FIELD
                size, place = _size(data, place, key & 7)
                if field is not None and key & 7 == _BYTES:
                    if field.message_type is not None:
                        waiting.append((place, min(place + size, end), field.message_type))
                    elif field.type not in _TEXTS:
                        left -= size // _SIZES.get(field.type, 1)
                if left < 0:
                    raise RequestError(
                        "the message has too many values: send an image as a file, or its pixels as bytes",
                        "too large",
                    )
                place += size
    except (IndexError, ValueError):
        return


def _size(data: bytes, place: int, wire: int) -> tuple[int, int]:
    """How long what follows a key is, and where it begins."""
    if wire == _BYTES:
        return _varint(data, place)
    if wire == _VARINT:
        return 0, _varint(data, place)[1]
    return {_FIXED64: (8, place), _FIXED32: (4, place)}.get(wire) or _no_message()


def _varint(data: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while shift < 70:  # noqa: PLR2004  (ten bytes at most)
        byte = data[place]
        place, number, shift = place + 1, number | (byte & 127) << shift, shift + 7
        if byte < 128:  # noqa: PLR2004
            return number, place
    return _no_message()


def _no_message() -> tuple[int, int]:
    raise ValueError
