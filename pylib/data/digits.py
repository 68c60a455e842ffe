"""Pictures for the built-in samples: handwritten digits set on patches of photographs.

Everything in them is real data that scikit-learn ships: `load_digits` (UCI's Optical Recognition of
Handwritten Digits, 8x8 pixels) and `load_sample_images` (two photographs, CC BY). Nothing is downloaded.
"""

import io
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pylib.data.duplicates import NEAR_BITS, perceptual_hash

OUTLINE = 0.45
"""The ink level that counts as the edge of a stroke."""

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]


def digits(random: np.random.Generator) -> Iterator[tuple[int, int, Floats]]:
    """Every digit once, in random order: its number in the set, which digit it is, its ink [8, 8] in 0…1."""
    from sklearn.datasets import load_digits

    found = load_digits()
    for number in random.permutation(len(found.images)).tolist():
        yield number, int(found.target[number]), found.images[number] / found.images.max()


def photographs() -> list[Bytes]:
    """The photographs, uint8 [H, W, 3]."""
    from sklearn.datasets import load_sample_images

    return list(load_sample_images().images)


def placed(digit: Floats, size: int, random: np.random.Generator) -> Floats:
    """Scale, turn and place a digit [8, 8] of ink 0…1 in a frame [size, size], smooth at its edges."""
    from scipy import ndimage

    angle, scale = math.radians(random.uniform(-25, 25)), size * random.uniform(0.075, 0.105)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) / scale
    room = size / 2 - 3.6 * scale  # what is left around a digit of about 7 pixels
    centre = size / 2 + random.uniform(-1, 1, 2) * max(room, 0.05 * size)
    offset = np.array([3.5, 3.5]) - turn @ centre
    frame = ndimage.affine_transform(digit, turn, offset, output_shape=(size, size), order=3)
    return np.asarray(frame, dtype=np.float64).clip(0, 1)


def patch(photographs: list[Bytes], size: int, random: np.random.Generator) -> Floats:
    """Cut a square of random side out of a photograph, mirrored or not, resized to [size, size, 3]."""
    photograph = photographs[random.integers(len(photographs))]
    side = int(random.integers(64, 256))
    top, left = (int(random.integers(length - side)) for length in photograph.shape[:2])
    square = photograph[top : top + side, left : left + side]
    if random.integers(2):
        square = square[:, ::-1]
    image = Image.fromarray(np.ascontiguousarray(square)).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.float64)


def compose(
    ink: Floats, patch: Floats, random: np.random.Generator, hue: tuple[int, int, int] | None = None
) -> Bytes:
    """Lay ink of one colour over a dimmed or a brightened patch, with some sensor noise.

    hue: which of red, green and blue are strong in it, 1 or 0; None: light ink on dark, or dark ink on light
    Ink of a hue varies less, so that hues stay apart.
    """
    fade, bright = random.uniform(0.4, 0.7), bool(random.integers(2))
    background = patch * fade if bright else 255 - (255 - patch) * fade
    strong = (bright,) * 3 if hue is None else hue
    varies = 75 if hue is None else 30
    light = random.uniform(255 - varies, 255, 3) if any(strong) else None
    dark = random.uniform(0, varies, 3) if not all(strong) else None
    colour = dark if light is None else light if dark is None else np.where(strong, light, dark)
    cover = ((ink - OUTLINE) * 4 + 0.5).clip(0, 1)[..., None]
    picture = background * (1 - cover) + colour * cover + random.normal(0, 4, (*ink.shape, 1))
    return np.asarray(picture.round().clip(0, 255), dtype=np.uint8)


class Distinct:
    """Tells which pictures look like none before."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def take(self, image: Bytes) -> bool:
        """Whether a picture, uint8 [H, W, 3], is a new one; then it counts from now on."""
        look = int(perceptual_hash(image), 16)
        # Twice the distance, because the hash is of the picture before JPEG's small changes.
        if any((look ^ other).bit_count() <= 2 * NEAR_BITS for other in self.seen):
            return False
        self.seen.append(look)
        return True


def encode_jpeg(image: Bytes) -> bytes:
    """A picture as JPEG, of high quality; the same bytes with the same Pillow."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue()
