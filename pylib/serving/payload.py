"""Requests to images: every form in which Seldon's protocol can carry one, and what is wrong with the rest.

https://docs.seldon.io/projects/seldon-core/en/v1.17.1/reference/apis/external-prediction.html
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from google.protobuf.json_format import MessageToDict
from numpy.typing import NDArray
from seldon_core.flask_utils import SeldonMicroserviceException

from pylib.data.images import decode_image
from pylib.errors import DataError

MAX_PIXELS = 25_000_000
"""Above what a full-frame camera makes; a decoded image of that size takes 75 MB."""

_FORMS = ("binData", "data", "strData", "jsonData", "customData")
_EXPECTED = "send a JPEG or PNG as binData (base64), or pixels as data.ndarray or data.tensor"


class Image(NamedTuple):
    """What a request carried: `pixels`, uint8 [H,W,3] RGB in 0..255, and the SHA-256 of the bytes received.

    For pixels sent as numbers, the SHA-256 is that of the uint8 pixels in C order.
    """

    pixels: NDArray[np.uint8]
    sha256: str


def read_json(message: object) -> Image:
    """Return the image in the JSON form of a SeldonMessage.

    `data.ndarray` and `data.tensor` hold a decoded image of shape [H,W,3] or [1,H,W,3], numbers in 0..255,
    whole or not (they are rounded). Fractions within [0,1] are refused: they would be an almost black image.

    Raises SeldonMicroserviceException (HTTP 400), with one sentence for whoever sent it.
    """
    if not isinstance(message, Mapping):
        raise bad_request(f"the request is not a JSON object: {_EXPECTED}")
    forms = [form for form in _FORMS if form in message]
    if len(forms) != 1:
        found = " and ".join(forms) or "no image"
        raise bad_request(f"the request holds {found}: {_EXPECTED}")
    if forms[0] == "binData":
        return _from_file(_from_base64(message["binData"]))
    if forms[0] == "data":
        return _from_data(message["data"])
    raise bad_request(f"{forms[0]} cannot carry an image: {_EXPECTED}")


def read_proto(message: Any) -> Image:
    """Return the image in a SeldonMessage, as gRPC delivers it; the same forms and errors as `read_json`."""
    form = message.WhichOneof("data_oneof")
    if form == "binData":
        return _from_file(message.binData)
    if form == "data":
        return _from_data(MessageToDict(message.data))
    raise bad_request(f"the request holds {form or 'no image'}: {_EXPECTED}")


def bad_request(sentence: str) -> SeldonMicroserviceException:
    """Return what Seldon turns into HTTP 400 with a sentence."""
    return SeldonMicroserviceException(sentence, status_code=400, reason="BAD_REQUEST")


def _from_base64(value: object) -> bytes:
    if not isinstance(value, str | bytes):
        raise bad_request("binData is not a string: send the image file in base64")
    text = value.encode() if isinstance(value, str) else value
    try:  # line breaks are allowed, since the base64 command wraps its output
        return base64.b64decode(b"".join(text.split()), validate=True)
    except ValueError as error:
        raise bad_request("binData is not base64: encode the bytes of the image file") from error


def _from_file(data: bytes) -> Image:
    try:
        pixels = decode_image(data, max_pixels=MAX_PIXELS)
    except DataError as error:
        raise bad_request(str(error)) from error
    return Image(pixels, hashlib.sha256(data).hexdigest())


def _from_data(data: object) -> Image:
    forms = [form for form in ("ndarray", "tensor", "tftensor") if isinstance(data, Mapping) and form in data]
    if not isinstance(data, Mapping) or len(forms) != 1 or forms[0] == "tftensor":
        raise bad_request("data must hold either ndarray or tensor: pixels of shape [H,W,3] in 0…255")
    array = _ndarray(data["ndarray"]) if forms[0] == "ndarray" else _tensor(data["tensor"])
    pixels = _pixels(array)
    return Image(pixels, hashlib.sha256(pixels.tobytes()).hexdigest())


def _ndarray(value: object) -> NDArray[Any]:
    if not isinstance(value, list):
        raise bad_request("data.ndarray is not a list: send pixels of shape [H,W,3]")
    try:
        return np.array(value)
    except (ValueError, TypeError, OverflowError) as error:
        sentence = "data.ndarray is ragged: every row needs as many pixels, every pixel 3 numbers"
        raise bad_request(sentence) from error


def _tensor(value: object) -> NDArray[Any]:
    shape, values = (
        (value.get(key) for key in ("shape", "values")) if isinstance(value, Mapping) else (None, None)
    )
    if not isinstance(shape, list) or not isinstance(values, list):
        raise bad_request("data.tensor must hold two lists, shape and values")
    try:
        sizes = [int(size) for size in shape]  # MessageToDict writes 64-bit integers as strings
        if min(sizes, default=0) < 1:
            raise bad_request("data.tensor.shape must hold sizes of at least 1")
        return np.array(values).reshape(sizes)
    except (ValueError, TypeError, OverflowError) as error:
        sentence = "data.tensor.values does not fill data.tensor.shape: send H·W·3 numbers and [H,W,3]"
        raise bad_request(sentence) from error


def _pixels(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.ndim == 4 and array.shape[0] == 1:  # noqa: PLR2004
        array = array[0]
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:  # noqa: PLR2004
        raise bad_request(f"pixels of shape {list(array.shape)}: send one RGB image as [H,W,3] or [1,H,W,3]")
    if array.dtype.kind not in "iuf":
        raise bad_request("pixels must be numbers in 0…255")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 255):  # noqa: PLR2004  (NaN fails too)
        raise bad_request(f"pixels must lie in 0…255, found {low:g}…{high:g}")
    if high <= 1 and np.any(array != np.rint(array)):
        raise bad_request(
            "pixels are fractions within [0, 1]: multiply by 255, the model normalises by itself"
        )
    return np.ascontiguousarray(np.rint(array).astype(np.uint8))
