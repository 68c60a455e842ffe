"""Small data sets, made of noise, for the tests of the data side."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pylib.data.images import encode_png


def noise(seed: int, height: int = 40, width: int = 48) -> np.ndarray:
    """A picture that looks like no other one: coarse noise, uint8 [height, width, 3]."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def rings(height: int = 40, width: int = 48) -> np.ndarray:
    """A trimap: object in the middle, a border around it, background beyond."""
    mask = np.full((height, width), 2, np.uint8)
    mask[8:-8, 8:-8] = 3
    mask[12:-12, 12:-12] = 1
    return mask


def encode(array: np.ndarray, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind, **options)
    return buffer.getvalue()


class Folder:
    """A data set's folder under construction."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "images").mkdir(parents=True)
        (root / "masks").mkdir()

    def put(self, item: str, seed: int = 0, image: bytes | None = None, mask: bytes | None = None) -> None:
        """Add a pair of 48x40 pixels; bytes that are given replace the image's or the mask's."""
        self.image(f"{item}.jpg", encode(noise(seed)) if image is None else image)
        self.mask(f"{item}.png", encode_png(rings()) if mask is None else mask)

    def image(self, name: str, data: bytes) -> Path:
        return self._write("images", name, data)

    def mask(self, name: str, data: bytes) -> Path:
        return self._write("masks", name, data)

    def _write(self, folder: str, name: str, data: bytes) -> Path:
        path = self.root / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path


class Make:
    """The makers above, as one fixture, because test modules do not import one another."""

    noise = staticmethod(noise)
    rings = staticmethod(rings)
    encode = staticmethod(encode)
    Folder = Folder


@pytest.fixture
def make() -> type[Make]:
    return Make


@pytest.fixture
def good(tmp_path: Path) -> Folder:
    """Forty good pairs, which reach every split."""
    folder = Folder(tmp_path / "good")
    for number in range(40):
        folder.put(f"item_{number:02}", seed=number)
    return folder
