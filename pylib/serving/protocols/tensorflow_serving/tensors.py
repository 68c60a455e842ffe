"""TensorFlow's TensorProto as arrays, and back.

https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/core/framework/tensor.proto
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.errors import RequestError
from pylib.serving.limits import MAX_BYTES
from pylib.serving.protocols.arrays import INPUT

DT_STRING = 7
NUMBERS: dict[str, int] = {
    "DT_FLOAT": 1,
    "DT_DOUBLE": 2,
    "DT_INT32": 3,
    "DT_UINT8": 4,
    "DT_INT16": 5,
    "DT_INT8": 6,
    "DT_STRING": DT_STRING,
    "DT_INT64": 9,
    "DT_BOOL": 10,
    "DT_UINT16": 17,
    "DT_HALF": 19,
    "DT_UINT32": 22,
    "DT_UINT64": 23,
}
_READ: dict[int, tuple[Any, str]] = {
    1: (np.float32, "float_val"),
    2: (np.float64, "double_val"),
    3: (np.int32, "int_val"),
    4: (np.uint8, "int_val"),
    5: (np.int16, "int_val"),
    6: (np.int8, "int_val"),
    9: (np.int64, "int64_val"),
    17: (np.uint16, "int_val"),
    19: (np.float16, ""),
    22: (np.uint32, "uint32_val"),
    23: (np.uint64, "uint64_val"),
}
"""Of the numbers that may be pixels: dtype, and the field that has them where tensor_content has not."""


def read(tensor: Any) -> NDArray[Any]:
    """Return what a TensorProto holds; of strings, an array of objects. Raises RequestError."""
    shape = [dimension.size for dimension in tensor.tensor_shape.dim]
    if min(shape, default=1) < 1:
        raise RequestError(f"{INPUT} has the shape {str(shape)[:80]}: send sizes of at least 1")
    if tensor.dtype == DT_STRING:
        values = np.empty(len(tensor.string_val), object)
        values[:] = list(tensor.string_val)
    else:
        values = _numbers(tensor)
    return _shaped(values, shape)


def write(tensor: Any, dtype: str, array: NDArray[Any]) -> None:
    """Fill a TensorProto with an array; `dtype` as TensorFlow writes it."""
    tensor.dtype = NUMBERS[dtype]
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    if array.dtype == object:
        tensor.string_val.extend(x if isinstance(x, bytes) else str(x).encode() for x in array.ravel())
    else:
        tensor.tensor_content = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _numbers(tensor: Any) -> NDArray[Any]:
    if tensor.dtype not in _READ:
        raise RequestError(
            f"{INPUT} is of dtype {tensor.dtype}, which carries no image: send strings or numbers"
        )
    dtype, field = _READ[tensor.dtype]
    if tensor.tensor_content or not field:
        size = np.dtype(dtype).itemsize
        if len(tensor.tensor_content) % size:
            raise RequestError(
                f"{INPUT} has {len(tensor.tensor_content):,} bytes, no whole number of {dtype.__name__}"
            )
        return np.frombuffer(tensor.tensor_content, np.dtype(dtype).newbyteorder("<"))
    return np.array(getattr(tensor, field))


def _shaped(values: NDArray[Any], shape: list[int]) -> NDArray[Any]:
    count = math.prod(shape)
    try:
        if values.size == 1 and 1 < count <= MAX_BYTES:  # one value stands for all, as TensorFlow has it
            return np.broadcast_to(values, shape)
        if values.size == count:
            return values.reshape(shape)
    except ValueError as error:  # more dimensions than NumPy has
        raise RequestError(f"{INPUT} has {len(shape)} dimensions: send [N,H,W,3]") from error
    raise RequestError(f"{INPUT} has {values.size:,} elements, which do not fill the shape {str(shape)[:80]}")
