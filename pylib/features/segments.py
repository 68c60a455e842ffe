"""A segment of a table: the rows of many images in one flat array, named by its content.

A segment is a .npy file (format 1.0) of records (`image`, the SHA-256 of the pixels, 32 bytes; `row`,
little-endian float32 [W]), sorted by image. Its name is the SHA-256 of the file, so one that is torn or
altered is known by its name, and two writers of the same rows write the same file.
"""

import hashlib
import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float32]
Rows = Mapping[bytes, Row]
"""Features, float32 [W], by the SHA-256 of the pixels that they are of."""

SUFFIX = ".npy"


def image_key(pixels: NDArray[np.uint8]) -> bytes:
    """The key of a row: SHA-256 of the pixels as the network gets them, uint8 [S,S,3] in C order.

    And not of the image's file: a row follows from these pixels and nothing else. By the file, decoding and
    resizing would have to be in the table's key, and shards that are not what their index says would put a
    wrong row in everybody's way.
    """
    return hashlib.sha256(np.ascontiguousarray(pixels).data).digest()


def encode(rows: Rows) -> tuple[str, bytes]:
    """Return a segment's name and its bytes; the same rows give the same, in whatever order."""
    keys = sorted(rows)
    width = len(rows[keys[0]])
    records = np.empty(len(keys), _dtype(width))
    records["image"] = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 32)
    records["row"] = [rows[key] for key in keys]
    stream = io.BytesIO()
    np.lib.format.write_array(stream, records, version=(1, 0), allow_pickle=False)
    data = stream.getvalue()
    return hashlib.sha256(data).hexdigest() + SUFFIX, data


def decode(name: str, data: bytes, width: int) -> Rows | None:
    """Return a segment's rows; None where it is torn, altered, or not of this width."""
    if hashlib.sha256(data).hexdigest() + SUFFIX != name:
        return None
    try:
        records = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError):
        return None
    if records.dtype != _dtype(width):
        return None
    return dict(zip(map(bytes, records["image"]), records["row"].astype(np.float32, copy=False), strict=True))


def _dtype(width: int) -> np.dtype[np.void]:
    return np.dtype([("image", "u1", (32,)), ("row", "<f4", (width,))])
