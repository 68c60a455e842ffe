"""The built-in sample: handwritten digits set on patches of photographs, with exact trimaps.

Everything in it is real data; see pylib.data.digits.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pylib.data.digits import (
    OUTLINE,
    Bytes,
    Distinct,
    Floats,
    compose,
    digits,
    encode_jpeg,
    patch,
    photographs,
    placed,
)
from pylib.data.folders import new_folder
from pylib.data.images import encode_png

NAME = "sample"
SIZE = 96
COUNT = 400
OBJECT, BACKGROUND, BORDER = 1, 2, 3
_BAND = 3  # how far the border reaches to either side of the outline, in pixels of a 96-pixel image


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
            (target / "images" / f"{name}.jpg").write_bytes(encode_jpeg(image))
            (target / "masks" / f"{name}.png").write_bytes(encode_png(mask))


def trimap(ink: Floats, band: int) -> Bytes:
    """Class ids uint8 [H, W] of ink levels [H, W]; within `band` pixels of the outline is border."""
    from scipy import ndimage

    stroke = ink >= OUTLINE
    border = (ndimage.distance_transform_edt(stroke) <= band) & stroke
    border |= (ndimage.distance_transform_edt(~stroke) <= band) & ~stroke
    return np.where(border, BORDER, np.where(stroke, OBJECT, BACKGROUND)).astype(np.uint8)


def _distinct(pictures: Iterator[tuple[str, Bytes, Bytes]], count: int) -> Iterator[tuple[str, Bytes, Bytes]]:
    """Pass on `count` pictures, leaving out those that look like an earlier one."""
    distinct = Distinct()
    for name, image, mask in pictures:
        if distinct.take(image):
            yield name, image, mask
        if len(distinct.seen) == count:
            return


def _pictures(seed: int, size: int) -> Iterator[tuple[str, Bytes, Bytes]]:
    """Draw pictures without end: (id, uint8 [size, size, 3], class ids uint8 [size, size])."""
    behind, random = photographs(), np.random.default_rng(seed)
    while True:
        for number, digit, strokes in digits(random):
            ink = placed(strokes, size, random)
            mask = trimap(ink, max(1, round(_BAND * size / SIZE)))
            if np.count_nonzero(mask == OBJECT) * 50 >= mask.size:  # a stroke of border alone teaches nothing
                picture = compose(ink, patch(behind, size, random), random)
                yield f"digit_{digit}_{number:04}", picture, mask
