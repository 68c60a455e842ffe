"""The colours of classes, the same in every report, overlay and gallery."""

import colorsys

import numpy as np
from numpy.typing import NDArray

# Okabe and Ito, https://jfly.uni-koeln.de/color/, told apart with any common colour blindness.
PALETTE = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#CC79A7", "#999999", "#D55E00")


def class_colour(index: int) -> str:
    """The colour of a class index as #RRGGBB; beyond the palette, hues a golden angle apart."""
    if index < len(PALETTE):
        return PALETTE[index]
    red, green, blue = colorsys.hsv_to_rgb(index * 0.381966 % 1, 0.65, 0.85)
    return f"#{round(red * 255):02X}{round(green * 255):02X}{round(blue * 255):02X}"


def class_rgb(index: int) -> tuple[int, int, int]:
    """The same as red, green and blue in 0…255."""
    red, green, blue = bytes.fromhex(class_colour(index)[1:])
    return red, green, blue


def hatched(picture: NDArray[np.uint8], where: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The same, uint8 [H,W,3], hatched where bool [H,W] says that nothing is known.

    HATCHING is the same for a page's legend.
    """
    stripe = np.indices(where.shape).sum(axis=0) % _PERIOD < _PERIOD // 2
    lines = np.where(stripe, _DARK, _LIGHT).astype(np.uint8)
    return np.where(where[..., np.newaxis], lines[..., np.newaxis], picture)


_DARK, _LIGHT, _PERIOD = 70, 225, 6
HATCHING = (
    f"repeating-linear-gradient(135deg, rgb({_DARK}, {_DARK}, {_DARK}) 0 2px, "
    f"rgb({_LIGHT}, {_LIGHT}, {_LIGHT}) 2px 4px)"
)
"""The CSS background of what is hatched."""
