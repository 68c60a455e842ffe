"""Requests to images: every form in which Seldon's protocol can carry one, and what is wrong with the rest.

https://docs.seldon.io/projects/seldon-core/en/v1.17.1/reference/apis/external-prediction.html
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from google.protobuf.json_format import MessageToDict
from numpy.typing import NDArray

from pylib.data.images import encode_png
from pylib.errors import RequestError
from pylib.serving.feedback import Feedback
from pylib.serving.protocols.seldon.bodies import named
from pylib.serving.remote import allowed_hosts, fetch
from pylib.serving.request import Image, from_file, from_lists, from_numbers

_FORMS = ("binData", "data", "strData", "jsonData", "customData")
_EXPECTED = "send a JPEG or PNG as binData (base64), or pixels as data.ndarray or data.tensor"


def read_json(message: object, sample_bits: int | None = None) -> Image:
    """Return the image in the JSON form of a SeldonMessage; `sample_bits` as in `from_file`.

    `strData` holds the URL of a file, where the server fetches such: `pylib.serving.remote`.
    `data.ndarray` and `data.tensor` hold a decoded image: what `from_numbers` takes. Raises RequestError.
    """
    if not isinstance(message, Mapping):
        raise RequestError(f"the request is not a JSON object: {_EXPECTED}")
    forms = [form for form in _FORMS if form in message]
    if len(forms) != 1:
        found = " and ".join(forms) or f"no image{named(message, ('meta', 'status'))}"
        raise RequestError(f"the request holds {found}: {_EXPECTED}")
    if forms[0] == "binData":
        return from_file(_from_base64(message["binData"]), sample_bits)
    if forms[0] == "data":
        return _from_data(message["data"])
    if _is_url(message.get("strData")):
        return from_file(fetch(message["strData"], allowed_hosts()), sample_bits)
    raise RequestError(f"{forms[0]} cannot carry an image: {_EXPECTED}")


def read_proto(message: Any, sample_bits: int | None = None) -> Image:
    """Return the image in a SeldonMessage, as gRPC delivers it; the same forms and errors as `read_json`."""
    form = message.WhichOneof("data_oneof")
    if form == "binData":
        return from_file(message.binData, sample_bits)
    if form == "data" and message.data.WhichOneof("data_oneof") == "tensor":
        tensor = message.data.tensor  # its numbers one by one through a dict would take ten times as long
        return from_numbers(_shaped(list(tensor.shape), np.array(tensor.values, np.float64)))
    if form == "data":
        return _from_data(MessageToDict(message.data))
    if _is_url(message.strData):
        return from_file(fetch(message.strData, allowed_hosts()), sample_bits)
    raise RequestError(f"the request holds {form or 'no image'}: {_EXPECTED}")


def read_json_meta(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an answer repeats of the request's meta, as Seldon has it: puid, tags, requestPath.

    Its metrics are left out: they would be counted as the server's own. Raises RequestError.
    """
    meta = message.get("meta") or {}
    if not isinstance(meta, Mapping):
        raise RequestError('meta is not an object: send it as {"puid": "…", "tags": {}}, or leave it out')
    for name in ("tags", "requestPath"):
        if not isinstance(meta.get(name, {}), Mapping):
            raise RequestError(f"meta.{name} is not an object: send names with their values, or leave it out")
    repeated = {name: value for name, value in meta.items() if name != "metrics"}
    try:
        json.dumps(repeated, allow_nan=False)
    except RecursionError as error:
        raise RequestError("meta is nested too deeply") from error
    except ValueError as error:
        raise RequestError(
            "meta holds NaN or Infinity, which are no numbers of JSON: leave them out"
        ) from error
    return repeated


def read_proto_meta(message: Any) -> dict[str, Any]:
    """Return the same of a SeldonMessage, as gRPC delivers it."""
    return read_json_meta({"meta": MessageToDict(message.meta)})


def read_feedback(message: Any, *, rewarded: bool) -> Feedback:
    """Return what a Seldon Feedback says of an answer: its ids are those of `response.meta`.

    rewarded: whether its reward was sent, which a message with 0 does not tell. `request` may bring the image
    back, as it was asked about. Raises RequestError.
    """
    meta = message.response.meta
    tags = MessageToDict(meta).get("tags", {})
    return Feedback(
        prediction_id=str(tags.get("prediction_id", "")),
        puid=meta.puid,
        truth=_truth(message.truth),
        reward=message.reward if rewarded else None,
        image=_image(message.request),
    )


def _image(request: Any) -> bytes:
    """The file that was asked about; of pixels sent as numbers, a PNG; empty where neither came back."""
    form = request.WhichOneof("data_oneof")
    if form == "data":
        return encode_png(_from_data(MessageToDict(request.data)).pixels)
    return bytes(request.binData) if form == "binData" else b""


def _truth(message: Any) -> object:
    """A text, bytes or JSON; of `data.ndarray` its one value, as Seldon's clients send a class."""
    form = message.WhichOneof("data_oneof")
    if form is None:
        return None
    if form != "data":
        value = getattr(message, form)
        return value if form in {"strData", "binData"} else MessageToDict(value)
    found: object = MessageToDict(message.data).get("ndarray")
    while isinstance(found, list) and len(found) == 1:
        found = found[0]
    return [] if found is None else found


def _is_url(text: object) -> bool:
    return isinstance(text, str) and text.lower().startswith(("http://", "https://"))


def _from_base64(value: object) -> bytes:
    if not isinstance(value, str | bytes):
        raise RequestError("binData is not a string: send the image file in base64")
    try:  # a string of JSON may hold what no bytes stand for
        text = value.encode() if isinstance(value, str) else value
        if text.lstrip()[:5].lower() == b"data:":
            raise RequestError("binData is a data URL: send only what follows its comma, which is the base64")
        # line breaks are allowed, since the base64 command wraps its output
        return base64.b64decode(b"".join(text.split()), validate=True)
    except ValueError as error:
        raise RequestError("binData is not base64: encode the bytes of the image file") from error


def _from_data(data: object) -> Image:
    forms = [form for form in ("ndarray", "tensor", "tftensor") if isinstance(data, Mapping) and form in data]
    if not isinstance(data, Mapping) or len(forms) != 1 or forms[0] == "tftensor":
        raise RequestError("data must hold either ndarray or tensor: pixels of shape [H,W,3] in 0…255")
    array = _ndarray(data["ndarray"]) if forms[0] == "ndarray" else _tensor(data["tensor"])
    return from_numbers(array)


def _ndarray(value: object) -> NDArray[Any]:
    if not isinstance(value, list):
        raise RequestError("data.ndarray is not a list: send pixels of shape [H,W,3]")
    return from_lists(value, "data.ndarray")


def _tensor(value: object) -> NDArray[Any]:
    shape, values = (
        (value.get(key) for key in ("shape", "values")) if isinstance(value, Mapping) else (None, None)
    )
    if not isinstance(shape, list) or not isinstance(values, list):
        raise RequestError("data.tensor must hold two lists, shape and values")
    return _shaped(shape, from_lists(values, "data.tensor.values"))


def _shaped(shape: list[Any], values: NDArray[Any]) -> NDArray[Any]:
    try:
        sizes = [int(size) for size in shape]
        if min(sizes, default=0) < 1:
            raise RequestError("data.tensor.shape must hold sizes of at least 1")
        return values.reshape(sizes)
    except (ValueError, TypeError, OverflowError) as error:
        sentence = "data.tensor.values does not fill data.tensor.shape: send H·W·3 numbers and [H,W,3]"
        raise RequestError(sentence) from error
