"""Tensors of Open Inference Protocol v2 as arrays, and back: from JSON, from typed lists, from bytes.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md#tensor-data
Bytes are little-endian; of BYTES, each element is its length in 4 bytes and its content, as in
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import base64
import math
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.errors import RequestError
from pylib.serving.limits import MAX_IMAGES
from pylib.serving.protocols.arrays import INPUT
from pylib.serving.request import from_lists

_NUMBERS: dict[str, Any] = {
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}
DATATYPES = {"uint8": "UINT8", "float32": "FP32", "bool": "BOOL", "str": "BYTES", "bytes": "BYTES"}
"""Of the engine's outputs."""
_LENGTH = 4


def check_input(name: str, datatype: str) -> None:
    """Raise RequestError where an input is not the image, or of a type that carries none."""
    if name != INPUT:
        raise RequestError(f"there is no input {name[:80]!r}: the one input is {INPUT}")
    if datatype != "BYTES" and datatype not in _NUMBERS:
        known = ", ".join(["BYTES", *_NUMBERS])
        raise RequestError(f"{INPUT} is of datatype {datatype[:80]!r}, which carries no image: send {known}")


def from_bytes(datatype: str, shape: list[int], data: bytes) -> NDArray[Any]:
    """Read a tensor's raw bytes; of BYTES, an array of objects. Raises RequestError."""
    if datatype == "BYTES":
        return _shaped(_objects(list(_elements(data))), shape)
    dtype = np.dtype(_NUMBERS[datatype]).newbyteorder("<")
    if len(data) % dtype.itemsize:
        raise RequestError(f"{INPUT} has {len(data):,} bytes, no whole number of {datatype}")
    return _shaped(np.frombuffer(data, dtype), shape)


def from_json(datatype: str, shape: list[int], data: object) -> NDArray[Any]:
    """Read a tensor's `data`, nested or flat; of BYTES, files in base64. Raises RequestError."""
    if not isinstance(data, list):
        raise RequestError(f"{INPUT} has no list `data`: send its content there, or as binary data")
    if datatype == "BYTES":
        return _shaped(_objects([_file(each) for each in _flat(data)]), shape)
    return _shaped(from_lists(data, INPUT), shape)


def from_contents(datatype: str, shape: list[int], contents: Any) -> NDArray[Any]:
    """Read gRPC's InferTensorContents: whichever of its lists is filled. Raises RequestError."""
    if datatype == "BYTES":
        return _shaped(_objects(list(contents.bytes_contents)), shape)
    lists = (
        each for field, each in contents.ListFields() if field.name not in {"bytes_contents", "bool_contents"}
    )
    return _shaped(np.array(next(lists, [])), shape)


def to_bytes(array: NDArray[Any]) -> bytes:
    """Write an array as a tensor's raw bytes."""
    if array.dtype != object:
        return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    elements = [_encoded(each) for each in array.ravel()]
    return b"".join(struct.pack("<I", len(each)) + each for each in elements)


def to_json(array: NDArray[Any]) -> list[Any]:
    """Write an array as a tensor's flat `data`; a file as base64."""
    if array.dtype != object:
        return array.ravel().tolist()
    return [base64.b64encode(each).decode() if isinstance(each, bytes) else each for each in array.ravel()]


def fill(contents: Any, datatype: str, array: NDArray[Any]) -> None:
    """Write an array into gRPC's InferTensorContents."""
    if datatype == "BYTES":
        contents.bytes_contents.extend(_encoded(each) for each in array.ravel())
    else:
        field = {"UINT8": "uint_contents", "FP32": "fp32_contents", "BOOL": "bool_contents"}[datatype]
        getattr(contents, field).extend(array.ravel().tolist())


def _encoded(element: object) -> bytes:
    return element if isinstance(element, bytes) else str(element).encode()


def _objects(elements: list[bytes]) -> NDArray[Any]:
    array = np.empty(len(elements), object)
    array[:] = elements
    return array


def _elements(data: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(data):
        start = place + _LENGTH
        (length,) = struct.unpack("<I", data[place:start].ljust(_LENGTH, b"\xff"))
        if start + length > len(data):
            raise RequestError(
                f"{INPUT} breaks off: each element of BYTES is its length in 4 bytes, then itself"
            )
        yield data[start : start + length]
        place = start + length


def _flat(values: list[Any]) -> list[Any]:
    """The files of nested lists, in order; without recursion, since a request may nest them deeply."""
    found: list[Any] = []
    waiting = values[::-1]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting.extend(each[::-1])
        elif len(found) < MAX_IMAGES:
            found.append(each)
        else:
            raise RequestError(f"{INPUT} holds more than {MAX_IMAGES} files: send them in several requests")
    return found


def _file(text: object) -> bytes:
    try:
        return base64.b64decode(text if isinstance(text, str) else b"?", validate=True)
    except ValueError as error:
        raise RequestError(
            f"{INPUT} is not base64: as JSON, an element of BYTES is a file in base64"
        ) from error


def _shaped(array: NDArray[Any], shape: list[int]) -> NDArray[Any]:
    if not shape or not all(type(size) is int and size > 0 for size in shape):
        raise RequestError(f"{INPUT} has the shape {str(shape)[:80]}: send sizes of at least 1")
    if math.prod(shape) != array.size:
        raise RequestError(
            f"{INPUT} has {array.size:,} elements, which do not fill the shape {str(shape)[:80]}"
        )
    try:
        return array.reshape(shape)
    except ValueError as error:  # more dimensions than NumPy has
        raise RequestError(f"{INPUT} has {len(shape)} dimensions: send [N,H,W,3]") from error
