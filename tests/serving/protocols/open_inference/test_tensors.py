"""Tensors of Open Inference Protocol v2: what is written is read again, all else is a RequestError."""

import base64
import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pylib.errors import RequestError
from pylib.serving.protocols.open_inference import bodies, tensors

NUMBERS = {"UINT8": np.uint8, "UINT16": np.uint16, "INT32": np.int32, "INT64": np.int64, "FP32": np.float32}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["image", "BYTES", "UINT8"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=3) | st.sampled_from(["name", "shape"]), inner)
    ),
    max_leaves=12,
)


@given(st.data(), st.sampled_from(sorted(NUMBERS)))
def test_numbers_come_as_bytes_and_as_json(data, datatype):
    array = data.draw(
        arrays.arrays(NUMBERS[datatype], arrays.array_shapes(max_side=3), elements=st.integers(0, 255))
    )
    shape = list(array.shape)
    assert np.array_equal(tensors.from_bytes(datatype, shape, tensors.to_bytes(array)), array)
    assert np.array_equal(tensors.from_json(datatype, shape, tensors.to_json(array)), array)
    assert np.array_equal(tensors.from_json(datatype, shape, array.tolist()), array), (
        "nested lists are allowed too"
    )


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5))
def test_files_come_as_bytes_and_as_base64(files):
    array = np.empty(len(files), object)
    array[:] = files
    assert tensors.from_bytes("BYTES", [len(files)], tensors.to_bytes(array)).tolist() == files
    assert (
        tensors.from_json("BYTES", [len(files), 1], [[base64.b64encode(x).decode()] for x in files])
        .ravel()
        .tolist()
        == files
    )


@given(
    st.sampled_from([*NUMBERS, "BYTES"]), st.lists(st.integers(-1, 2**64), max_size=5), st.binary(max_size=60)
)
def test_bytes_of_no_tensor_are_refused_or_read(datatype, shape, data):
    try:
        array = tensors.from_bytes(datatype, shape, data)
    except RequestError:
        return
    assert list(array.shape) == shape


@given(JSON, JSON, JSON)
def test_no_json_but_is_refused_or_read(inputs, outputs, parameters):
    message = {"inputs": inputs, "outputs": outputs, "parameters": parameters}
    for body in (
        message,
        {"inputs": [inputs]},
        {"inputs": [{"name": "image", "datatype": "UINT8", "data": inputs, "shape": outputs}]},
    ):
        with contextlib.suppress(RequestError):
            bodies.read(json.dumps(body).encode(), "")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-1e400"])
def test_a_parameter_that_no_json_could_repeat_is_refused(number):
    data = '"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": ["AA=="]}]'
    assert bodies.read(f'{{{data}, "parameters": {{"a": 1.5}}}}'.encode(), "").parameters == {"a": 1.5}
    with pytest.raises(RequestError, match="which is no number of JSON"):
        bodies.read(f'{{{data}, "parameters": {{"a": {number}}}}}'.encode(), "")


@pytest.mark.parametrize("said", ["-1", "9999", "x", "٣", "1e2", " 5", "9" * 50])
def test_a_header_length_that_is_no_place_in_the_body_is_refused(said):
    with pytest.raises(RequestError, match="no place in the body"):
        bodies.read(b'{"inputs": []}', said)
