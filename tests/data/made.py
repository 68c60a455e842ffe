"""Small data sets, made of noise, for the tests of the data side and of the tasks' sources."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pylib.data.images import encode_png
from pylib.data.plan import Options, plan_ingest
from pylib.errors import DataError


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


def image_of(height: int, width: int) -> bytes:
    """A photograph of another size than the others."""
    return encode(noise(99, height, width))


def assert_found(
    good: Folder, cache: Path, plant: Callable[[Folder], Any], expected: dict[str, str], rejected: int
) -> None:
    """Plant something in a good folder: it gives exactly these findings; strict refuses what is bad."""
    plant(good)
    with plan_ingest(str(good.root), None, Options(strict=True), cache=cache) as plan:
        assert {finding.item: finding.code for finding in plan.findings} == expected
        assert all(finding.reason and finding.fix and "\n" not in finding.reason for finding in plan.findings)
        assert len(plan.rejected) == rejected
        present = {item.id for item in plan.index.items}
        assert present >= {f"item_{number:02}" for number in range(40)}
        assert not present & {finding.item for finding in plan.rejected}
        if plan.rejected or plan.risks:
            with pytest.raises(DataError, match=r"rejected.*, and strict") as caught:
                plan.check()
            assert "\n" not in str(caught.value)
        else:
            plan.check()


def assert_hopeless(
    good: Folder, cache: Path, options: Options, error: type[Exception], message: str
) -> None:
    """The folder as it is gives one error in one line."""
    with (
        pytest.raises(error, match=message) as caught,
        plan_ingest(str(good.root), None, options, cache=cache) as plan,
    ):
        plan.check()
    assert "\n" not in str(caught.value)


def png(array: np.ndarray, bits: int = 16) -> bytes:
    """A PNG of kinds that Pillow does not write: uint16 [H,W,3], or grey [H,W] of 2 or 4 bits a sample."""
    rows = array.astype(">u2") if bits == 16 else _packed(array, bits)
    body = b"".join(b"\0" + row.tobytes() for row in rows)
    size = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], bits, 2 if array.ndim == 3 else 0, 0, 0, 0)
    chunks = ((b"IHDR", size), (b"IDAT", zlib.compress(body)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks)


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _packed(array: np.ndarray, bits: int) -> np.ndarray:
    each = np.unpackbits(array.astype(np.uint8)[..., np.newaxis], axis=-1)[..., 8 - bits :]
    return np.packbits(each.reshape(array.shape[0], -1), axis=1)
