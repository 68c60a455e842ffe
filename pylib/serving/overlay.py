"""A picture of an answer: the image with its mask in colours, and a legend of classes and shares."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pylib.palette import class_rgb

_OPACITY = 0.5
_WIDTH = 320  # pixels; smaller images are enlarged so that the legend fits


def overlay(
    pixels: NDArray[np.uint8], mask: NDArray[np.uint8], shares: dict[str, float]
) -> NDArray[np.uint8]:
    """Return the image, uint8 [H,W,3], under its mask, uint8 [H,W], above a legend: uint8 [H',W',3].

    `shares` names the classes in the order of the mask's values, with each one's share of pixels in 0..1.
    An image narrower than 320 pixels is enlarged by a whole factor.
    """
    colours = np.array([class_rgb(i) for i in range(256)], np.float32)
    blended = (1 - _OPACITY) * pixels + _OPACITY * colours[mask]
    factor = max(1, -(-_WIDTH // pixels.shape[1]))
    picture = np.rint(blended).astype(np.uint8).repeat(factor, axis=0).repeat(factor, axis=1)
    return np.concatenate([picture, _legend(shares, width=picture.shape[1])])


def _legend(shares: dict[str, float], width: int) -> NDArray[np.uint8]:
    line = 22
    image = Image.new("RGB", (width, line * len(shares) + 8), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(14)
    for i, (name, share) in enumerate(shares.items()):
        top = 4 + line * i
        draw.rectangle((6, top + 3, 22, top + 19), fill=class_rgb(i))
        draw.text((30, top + 2), f"{name}  {share:.1%}", fill="black", font=font)
    return np.asarray(image, dtype=np.uint8)
