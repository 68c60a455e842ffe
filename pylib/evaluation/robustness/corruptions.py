"""What cameras, networks and hands do to images, at five strengths; a mask follows where its pixels go.

After Hendrycks & Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and Perturbations,
2019, https://arxiv.org/abs/1903.12261, whose strengths for small images are taken where they have such.
"""

import io
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Picture = NDArray[np.uint8]
_NOISE = (0.04, 0.06, 0.08, 0.09, 0.10)  # deviation, of the range
_BLUR = (0.4, 0.6, 0.8, 1.1, 1.5)  # deviation in pixels, of an image with a side of 128
_JPEG = (80, 65, 58, 50, 40)  # quality
_BRIGHTNESS = (0.05, 0.1, 0.15, 0.2, 0.3)  # added, of the range
_CONTRAST = (0.75, 0.5, 0.4, 0.3, 0.15)  # what is left of the distance from the mean
_SCALE = (1.1, 1.2, 1.3, 1.4, 1.5)  # nearer
_ROTATION = (5, 10, 15, 20, 30)  # degrees
_SIDE = 128


class Changed(NamedTuple):
    """An image, uint8 [H,W,3], and its mask, uint8 [H,W], if it has one."""

    image: Picture
    mask: Picture | None


def corrupted(name: str, strength: int, image: Picture, mask: Picture | None, seed: int = 0) -> Changed:
    """Return the image as the corruption of that name leaves it, at a strength of 1 to 5, same shapes.

    Masks follow by the nearest pixel; what comes into view is the image mirrored at its edges, its mask too.
    The same arguments give the same image.
    """
    place = strength - 1
    if name in _MOVES:
        return _MOVES[name](image, mask, place)
    return Changed(_CHANGES[name](image, place, np.random.default_rng(seed)), mask)


def _noise(image: Picture, place: int, random: np.random.Generator) -> Picture:
    return _pixels(image + random.normal(0, 255 * _NOISE[place], image.shape))


def _blur(image: Picture, place: int, _: np.random.Generator) -> Picture:
    radius = _BLUR[place] * max(image.shape[:2]) / _SIDE
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


def _jpeg(image: Picture, place: int, _: np.random.Generator) -> Picture:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=_JPEG[place])
    return np.asarray(Image.open(buffer).convert("RGB"))


def _brightness(image: Picture, place: int, _: np.random.Generator) -> Picture:
    return _pixels(image + 255 * _BRIGHTNESS[place])


def _contrast(image: Picture, place: int, _: np.random.Generator) -> Picture:
    mean = image.mean(axis=(0, 1))
    return _pixels((image - mean) * _CONTRAST[place] + mean)


def _scale(image: Picture, mask: Picture | None, place: int) -> Changed:
    height, width = image.shape[:2]
    less = (1 - 1 / _SCALE[place]) / 2
    box = (width * less, height * less, width * (1 - less), height * (1 - less))

    def nearer(pixels: Picture, resample: Image.Resampling) -> Picture:
        return np.asarray(Image.fromarray(pixels).resize((width, height), resample, box=box))

    return _moved(image, mask, nearer)


def _rotation(image: Picture, mask: Picture | None, place: int) -> Changed:
    height, width = image.shape[:2]
    edge = max(height, width) // 4  # more than comes into view at 30 degrees

    def turned(pixels: Picture, resample: Image.Resampling) -> Picture:
        around = [(edge, edge), (edge, edge), (0, 0)][: pixels.ndim]
        whole = Image.fromarray(np.pad(pixels, around, mode="reflect"))
        found = np.asarray(whole.rotate(_ROTATION[place], resample))
        return np.ascontiguousarray(found[edge : edge + height, edge : edge + width])

    return _moved(image, mask, turned)


def _moved(
    image: Picture, mask: Picture | None, move: Callable[[Picture, Image.Resampling], Picture]
) -> Changed:
    following = None if mask is None else move(mask, Image.Resampling.NEAREST)
    return Changed(move(image, Image.Resampling.BILINEAR), following)


def _pixels(values: NDArray[np.floating]) -> Picture:
    found: Picture = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return found


_CHANGES: Mapping[str, Callable[[Picture, int, np.random.Generator], Picture]] = {
    "noise": _noise,
    "blur": _blur,
    "jpeg": _jpeg,
    "brightness": _brightness,
    "contrast": _contrast,
}
_MOVES: Mapping[str, Callable[[Picture, Picture | None, int], Changed]] = {
    "scale": _scale,
    "rotation": _rotation,
}
