"""The built-in sample: handwritten digits set on patches of photographs, a folder a digit.

Everything in it is real data; see pylib.data.digits.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pylib.data.digits import Bytes, Distinct, compose, digits, encode_jpeg, patch, photographs, placed
from pylib.data.folders import new_folder

NAME = "digits"
SIZE = 64
COUNT = 1200


def make_sample(folder: Path, *, count: int = COUNT, seed: int = 0, size: int = SIZE) -> None:
    """Write `count` images <digit>/<id>.jpg, size x size pixels; same call, same bytes.

    There are 1,797 digits, and no more images. No two images are exact or near duplicates by the check that
    `ingest` makes. Raises DataError if folder already holds files.
    """
    with new_folder(folder) as target:
        for name, image in tqdm(
            _pictures(count, seed, size), total=count, desc="sample", unit="image", disable=None
        ):
            path = target / f"{name}.jpg"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(encode_jpeg(image))


def _pictures(count: int, seed: int, size: int) -> Iterator[tuple[str, Bytes]]:
    """Draw `count` pictures that do not look alike: (<digit>/<id>, uint8 [size, size, 3])."""
    behind, random, distinct = photographs(), np.random.default_rng(seed), Distinct()
    for number, digit, strokes in digits(random):
        picture = compose(placed(strokes, size, random), patch(behind, size, random), random)
        if distinct.take(picture):
            yield f"{digit}/digit_{digit}_{number:04}", picture
        if len(distinct.seen) == count:
            return
