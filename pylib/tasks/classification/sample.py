"""The built-in sample: digits left out of ink of six colours on patches of photographs, a folder a colour.

Everything in it but the ink is real data; see pylib.data.digits. The colour is the class and not the digit,
and covers most of the picture, because heads learn from the features of a frozen backbone: where its weights
are random, as they are offline, colour over a large area shows in them (macro F1 of 0.95), the colour of thin
strokes hardly (0.45), and a digit's shape not at all.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pylib.data.digits import Bytes, Distinct, compose, digits, encode_jpeg, patch, photographs, placed
from pylib.data.folders import new_folder

NAME = "inks"
SIZE = 64
COUNT = 600
HUES = {
    "blue": (0, 0, 1),
    "cyan": (0, 1, 1),
    "green": (0, 1, 0),
    "magenta": (1, 0, 1),
    "red": (1, 0, 0),
    "yellow": (1, 1, 0),
}
"""The classes: which of red, green and blue are strong in the ink."""


def make_sample(folder: Path, *, count: int = COUNT, seed: int = 0, size: int = SIZE) -> None:
    """Write `count` images <colour>/<id>.jpg, size x size pixels; same call, same bytes.

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
    """Draw `count` pictures that do not look alike: (<colour>/<id>, uint8 [size, size, 3])."""
    behind, random, distinct = photographs(), np.random.default_rng(seed), Distinct()
    names = list(HUES)
    for number, digit, strokes in digits(random):
        name = names[random.integers(len(names))]
        ink = 1 - placed(strokes, size, random)  # in reverse: all but the digit
        picture = compose(ink, patch(behind, size, random), random, HUES[name])
        if distinct.take(picture):
            yield f"{name}/digit_{digit}_{number:04}", picture
        if len(distinct.seen) == count:
            return
