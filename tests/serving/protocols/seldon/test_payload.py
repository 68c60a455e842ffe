"""Seldon's messages to images, without a server: the errors are ours."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pylib.errors import RequestError
from pylib.serving import request
from pylib.serving.protocols.seldon.payload import read_json

Photograph = Callable[..., bytes]


def test_every_form_carries_the_same_image(photograph: Photograph) -> None:
    data = photograph(1, form="PNG")
    image = request.from_file(data)
    assert read_json({"binData": base64.encodebytes(data).decode()}).sha256 == image.sha256
    pixels = image.pixels
    tensor = {"shape": list(map(str, pixels.shape)), "values": pixels.ravel().tolist()}
    for form in ({"ndarray": pixels.tolist()}, {"ndarray": [pixels.tolist()]}, {"tensor": tensor}):
        np.testing.assert_array_equal(read_json({"data": form}).pixels, pixels)


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {},
        {"binData": 1},
        {"binData": "!"},
        {"data": {}},
        {"strData": "cat"},
        {"data": {"ndarray": 1}},
    ],
)
def test_what_carries_no_image_is_a_bad_request(message: Any) -> None:
    with pytest.raises(RequestError) as caught:
        read_json(message)
    assert caught.value.kind == "bad request"
    assert "\n" not in str(caught.value)
