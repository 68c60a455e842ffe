"""The built-in sample: handwritten digits set on patches of photographs, with exact trimaps.

Everything in it is real data that scikit-learn ships: `load_digits` (UCI's Optical Recognition of Handwritten
Digits, 8x8 pixels) and `load_sample_images` (two photographs, CC BY). Nothing is downloaded.
"""

import io
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from pylib.data.duplicates import NEAR_BITS, perceptual_hash
from pylib.data.folders import new_folder
from pylib.data.images import encode_png

SIZE = 96
COUNT = 400
OBJECT, BACKGROUND, BORDER = 1, 2, 3
_OUTLINE = 0.45  # the ink level that counts as the edge of a stroke
_BAND = 3  # how far the border reaches to either side of the outline, in pixels of a 96-pixel image

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]


def make_sample(folder: Path, *, count: int = COUNT, seed: int = 0, size: int = SIZE) -> None:
    """Write `count` pairs images/<id>.jpg and masks/<id>.png, size x size pixels; same call, same bytes.

    Masks hold 1 object, 2 background, 3 border (a band around the strokes' outline). No two images are exact
    or near duplicates by the check that `ingest` makes. Raises DataError if folder already holds files.
    """
    with new_folder(folder) as target:
        (target / "images").mkdir()
        (target / "masks").mkdir()
        pictures = _distinct(_pictures(seed, size), count)
        for name, image, mask in tqdm(pictures, total=count, desc="sample", unit="image", disable=None):
            (target / "images" / f"{name}.jpg").write_bytes(image)
            (target / "masks" / f"{name}.png").write_bytes(encode_png(mask))


def trimap(ink: Floats, band: int) -> Bytes:
    """Class ids uint8 [H, W] of ink levels [H, W]; within `band` pixels of the outline is border."""
    from scipy import ndimage

    stroke = ink >= _OUTLINE
    border = (ndimage.distance_transform_edt(stroke) <= band) & stroke
    border |= (ndimage.distance_transform_edt(~stroke) <= band) & ~stroke
    return np.where(border, BORDER, np.where(stroke, OBJECT, BACKGROUND)).astype(np.uint8)


def _distinct(pictures: Iterator[tuple[str, Bytes, Bytes]], count: int) -> Iterator[tuple[str, bytes, Bytes]]:
    """Encode and pass on `count` pictures, leaving out those that look like an earlier one."""
    seen: list[int] = []
    for name, image, mask in pictures:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=95, subsampling=0)
        look = int(perceptual_hash(image), 16)
        # Twice the distance, because the hash is of the picture before JPEG's small changes.
        if all((look ^ other).bit_count() > 2 * NEAR_BITS for other in seen):
            seen.append(look)
            yield name, buffer.getvalue(), mask
        if len(seen) == count:
            return


def _pictures(seed: int, size: int) -> Iterator[tuple[str, Bytes, Bytes]]:
    """Draw pictures without end: (id, uint8 [size, size, 3], class ids uint8 [size, size])."""
    from sklearn.datasets import load_digits, load_sample_images

    digits, photographs = load_digits(), load_sample_images().images
    random = np.random.default_rng(seed)
    while True:
        for number in random.permutation(len(digits.images)).tolist():
            ink = _ink(digits.images[number] / digits.images.max(), size, random)
            mask = trimap(ink, max(1, round(_BAND * size / SIZE)))
            if np.count_nonzero(mask == OBJECT) * 50 >= mask.size:  # a stroke of border alone teaches nothing
                picture = _compose(ink, _patch(photographs, size, random), random)
                yield f"digit_{digits.target[number]}_{number:04}", picture, mask


def _ink(digit: Floats, size: int, random: np.random.Generator) -> Floats:
    """Scale, turn and place a digit [8, 8] of ink 0…1 in a frame [size, size], smooth at its edges."""
    from scipy import ndimage

    angle, scale = math.radians(random.uniform(-25, 25)), size * random.uniform(0.075, 0.105)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) / scale
    room = size / 2 - 3.6 * scale  # what is left around a digit of about 7 pixels
    centre = size / 2 + random.uniform(-1, 1, 2) * max(room, 0.05 * size)
    offset = np.array([3.5, 3.5]) - turn @ centre
    frame = ndimage.affine_transform(digit, turn, offset, output_shape=(size, size), order=3)
    return np.asarray(frame, dtype=np.float64).clip(0, 1)


def _patch(photographs: list[Bytes], size: int, random: np.random.Generator) -> Floats:
    """Cut a square of random side out of a photograph, mirrored or not, resized to [size, size, 3]."""
    photograph = photographs[random.integers(len(photographs))]
    side = int(random.integers(64, 256))
    top, left = (int(random.integers(length - side)) for length in photograph.shape[:2])
    square = photograph[top : top + side, left : left + side]
    if random.integers(2):
        square = square[:, ::-1]
    image = Image.fromarray(np.ascontiguousarray(square)).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.float64)


def _compose(ink: Floats, patch: Floats, random: np.random.Generator) -> Bytes:
    """Lay ink of one colour over a dimmed or a brightened patch, with some sensor noise."""
    fade, bright = random.uniform(0.4, 0.7), bool(random.integers(2))
    background = patch * fade if bright else 255 - (255 - patch) * fade
    colour = random.uniform(180, 255, 3) if bright else random.uniform(0, 75, 3)
    cover = ((ink - _OUTLINE) * 4 + 0.5).clip(0, 1)[..., None]
    picture = background * (1 - cover) + colour * cover + random.normal(0, 4, (*ink.shape, 1))
    return np.asarray(picture.round().clip(0, 255), dtype=np.uint8)
