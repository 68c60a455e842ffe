"""Images as a browser shows them: upright JPEGs of a size that a screen has, masks as coloured PNGs."""

import io
import threading

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from starlette.responses import Response

from pylib.data.images import decode_image
from pylib.palette import class_rgb
from pylib.web import limits

SIDE = 1280
"""Pixels of the longer side of what is shown; a mask is painted at the image's own size all the same."""
THUMBNAIL = 192
_SMALL = 64
_TURNS = threading.BoundedSemaphore(limits.DECODED)
_PRIVATE = {"Cache-Control": "private, no-store"}  # what a person sent may be forgotten at any time


def decoded(data: bytes, *, sample_bits: int | None = None) -> NDArray[np.uint8]:
    """As `decode_image`, few at a time."""
    with _TURNS:
        return decode_image(data, sample_bits=sample_bits)


def shown(data: bytes, *, side: int = SIDE, sample_bits: int | None = None) -> Response:
    """An image file's content, made fit to look at; raises DataError.

    It is encoded anew: nothing reaches a browser as it was sent, such as where a photograph was taken.
    """
    image = Image.fromarray(decoded(data, sample_bits=sample_bits))
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    small = max(image.size) <= _SMALL
    image.save(buffer, "PNG" if small else "JPEG", quality=90)
    return Response(buffer.getvalue(), media_type="image/png" if small else "image/jpeg", headers=_PRIVATE)


def layer(mask: NDArray[np.uint8]) -> Response:
    """Class indices, uint8 [H,W], in the colours of their classes."""
    image = Image.fromarray(mask, mode="P")
    image.putpalette([part for index in range(256) for part in class_rgb(index)])
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Response(buffer.getvalue(), media_type="image/png", headers=_PRIVATE)


def indices(mask: NDArray[np.uint8]) -> Response:
    """The same as they are, row by row: what a script paints on."""
    return Response(mask.tobytes(), media_type="application/octet-stream", headers=_PRIVATE)
