"""TensorFlow's TensorProto: what is written is read again, all else is refused and costs nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.errors import RequestError
from pylib.serving.protocols.tensorflow_serving import tensors
from pylib.serving.protocols.tensorflow_serving.rpc import MESSAGES


def proto(dtype: int, shape: list[int], **values: object) -> object:
    made = MESSAGES["TensorProto"](dtype=dtype, **values)
    for size in shape:
        made.tensor_shape.dim.add(size=size)
    return made


@pytest.mark.parametrize(
    ("dtype", "kind"), [("DT_UINT8", np.uint8), ("DT_FLOAT", np.float32), ("DT_INT64", np.int64)]
)
def test_what_is_written_is_read_again(dtype, kind):
    array = np.arange(12, dtype=kind).reshape(2, 2, 3)
    made = MESSAGES["TensorProto"]()
    tensors.write(made, dtype, array)
    assert np.array_equal(tensors.read(made), array)


def test_numbers_come_in_typed_lists_too():
    assert tensors.read(proto(4, [1, 2, 3], int_val=range(6))).tolist() == [[[0, 1, 2], [3, 4, 5]]]
    assert tensors.read(proto(1, [1, 1, 3], float_val=[1, 2, 3])).tolist() == [[[1, 2, 3]]]


def test_one_value_stands_for_all_of_a_shape_up_to_a_request_s_size():
    assert tensors.read(proto(4, [2, 2, 3], int_val=[7])).tolist() == [[[7] * 3] * 2] * 2
    for shape in ([2**40, 2**40, 3], [10_000, 10_000, 3]):
        with pytest.raises(RequestError, match="do not fill the shape"):
            tensors.read(proto(4, shape, int_val=[7]))


@given(
    st.integers(-1, 30),
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3), max_size=80),
    st.binary(max_size=40),
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=6),
)
def test_no_tensor_but_is_refused_or_read(dtype, shape, content, values):
    try:
        array = tensors.read(proto(dtype, shape, tensor_content=content, int_val=values))
    except RequestError:
        return
    assert list(array.shape) == shape
