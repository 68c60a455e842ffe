"""Pictures of masks and errors for the report, as PNG data URIs, in colours that people can tell apart."""

import base64

import numpy as np
from numpy.typing import NDArray

from pylib.data.images import encode_png, resize_image, resize_mask
from pylib.palette import class_rgb, hatched
from pylib.records import Record

ERROR = (213, 0, 50)
SIDE = 192
"""Pixels that a picture in the report has at most on each side: enough to see, small enough to mail."""


class Shown(Record):
    """What a report shows of a truth or an answer: a picture as a data URI, or None; and words."""

    picture: str | None
    words: str


def picture(image: NDArray[np.uint8]) -> str:
    """Return uint8 [S,S,3] RGB as a PNG data URI."""
    return _data_uri(_small(image))


def mask_picture(mask: NDArray[np.uint8], counts: NDArray[np.bool_] | None = None) -> str:
    """Return class indices uint8 [S,S] as a PNG data URI in the classes' colours.

    counts: bool [S,S], where a class is known; the rest is hatched; None where all is
    """
    table = np.array([class_rgb(index) for index in range(int(mask.max(initial=0)) + 1)], np.uint8)
    coloured = table[_small_mask(mask)]
    return _data_uri(coloured if counts is None else hatched(coloured, ~_small_bool(counts)))


def error_picture(
    image: NDArray[np.uint8], wrong: NDArray[np.bool_], counts: NDArray[np.bool_] | None = None
) -> str:
    """Return the image, darkened and grey, with the wrong pixels in red; `wrong` is bool [S,S].

    counts: as in `mask_picture`
    """
    grey = _small(image).mean(axis=-1, keepdims=True) * 0.6
    shown = np.where(_small_bool(wrong)[..., np.newaxis], np.array(ERROR), grey).astype(np.uint8)
    return _data_uri(shown if counts is None else hatched(shown, ~_small_bool(counts)))


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return resize_image(image, SIDE) if max(image.shape[:2]) > SIDE else image


def _small_mask(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return resize_mask(mask, (SIDE, SIDE)) if max(mask.shape) > SIDE else mask


def _small_bool(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return _small_mask(mask.astype(np.uint8)).astype(np.bool_)


def _data_uri(image: NDArray[np.uint8]) -> str:
    return "data:image/png;base64," + base64.b64encode(encode_png(np.ascontiguousarray(image))).decode()
