"""Bodies of `infer` over REST: JSON, or JSON with tensors' bytes after it.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from numpy.typing import NDArray

from pylib.errors import RequestError
from pylib.serving.protocols.arrays import INPUT, check_count
from pylib.serving.protocols.open_inference import tensors

HEADER = "inference-header-content-length"
Parameters = Mapping[str, Any]
_MOST = 100  # outputs, or parameters
_OURS = {"binary_data_output", "binary_data", "binary_data_size"}


class Asked(NamedTuple):
    """A request: its id, the image or images, the outputs it names (all where empty), its own parameters.

    outputs: name to whether it is wanted as bytes
    """

    id: str
    images: NDArray[Any]
    outputs: dict[str, bool]
    binary: bool
    parameters: Parameters


def read(body: bytes, header_length: str) -> Asked:
    """Read a request; `header_length` is its Inference-Header-Content-Length, empty where it has none.

    Raises RequestError.
    """
    end = _header_end(body, header_length)
    try:
        message = json.loads(body[:end])
    except (ValueError, RecursionError) as error:
        raise RequestError('the request is not JSON: send {"inputs": [{"name": "image", …}]}') from error
    message = _object(message, "the request")
    parameters = _object(message.get("parameters", {}), "parameters")
    binary = parameters.get("binary_data_output") is True
    inputs = _list(message.get("inputs"), "inputs")
    if len(inputs) != 1:
        raise RequestError(f"the request holds {len(inputs)} inputs: send one, {INPUT}")
    return Asked(
        _text(message.get("id", ""), "id"),
        _image(_object(inputs[0], "an input"), body[end:]),
        _outputs(message.get("outputs", []), binary=binary),
        binary,
        {name: value for name, value in parameters.items() if name not in _OURS and _is_scalar(value)},
    )


def write(
    head: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    binary: Mapping[str, bool],
    datatypes: Mapping[str, str],
) -> tuple[bytes, int]:
    """Write a response; return it, and the length of its JSON where bytes follow it, else 0."""
    outputs: list[dict[str, Any]] = []
    data: list[bytes] = []
    for name, array in arrays.items():
        output: dict[str, Any] = {"name": name, "datatype": datatypes[name], "shape": list(array.shape)}
        if binary[name]:
            data.append(tensors.to_bytes(array))
            output["parameters"] = {"binary_data_size": len(data[-1])}
        else:
            check_count(name, array)
            output["data"] = tensors.to_json(array)
        outputs.append(output)
    text = json.dumps({**head, "outputs": outputs}).encode()
    return b"".join([text, *data]), len(text) if data else 0


def _header_end(body: bytes, said: str) -> int:
    if not said:
        return len(body)
    if not (said.isascii() and said.isdigit() and len(said) <= 10 and int(said) <= len(body)):  # noqa: PLR2004
        raise RequestError(f"Inference-Header-Content-Length {said[:20]!r} is no place in the body")
    return int(said)


def _image(given: Parameters, rest: bytes) -> NDArray[Any]:
    name, datatype = _text(given.get("name"), "an input's name"), _text(given.get("datatype"), "datatype")
    tensors.check_input(name, datatype)
    shape = _list(given.get("shape"), "shape")
    size = _object(given.get("parameters", {}), "an input's parameters").get("binary_data_size")
    if size is None:
        return tensors.from_json(datatype, shape, given.get("data"))
    if size != len(rest) or isinstance(size, bool):
        raise RequestError(f"binary_data_size is {str(size)[:20]}, and {len(rest)} bytes follow the JSON")
    return tensors.from_bytes(datatype, shape, rest)


def _outputs(given: object, *, binary: bool) -> dict[str, bool]:
    asked = {}
    listed = _list(given, "outputs")
    if len(listed) > _MOST:
        raise RequestError(f"{len(listed):,} outputs are asked for: ask for each once")
    for each in listed:
        output = _object(each, "an output")
        own = _object(output.get("parameters", {}), "an output's parameters").get("binary_data", binary)
        asked[_text(output.get("name"), "an output's name")] = own is True
    return asked


def _is_scalar(value: object) -> bool:
    """Whether it is what a parameter may be: a text, a finite number, true or false; raises RequestError."""
    if isinstance(value, float) and not math.isfinite(value):
        raise RequestError(
            f"a parameter is {value}, which is no number of JSON and would be none in the answer"
        )
    return isinstance(value, str | int | float)


def _object(value: object, what: str) -> Parameters:
    if not isinstance(value, dict) or len(value) > _MOST:
        raise RequestError(f"{what} is not a JSON object, or one of more than {_MOST} names")
    return value


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise RequestError(f"{what} is not a list")
    return value


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise RequestError(f"{what} is not a text")
    return value
