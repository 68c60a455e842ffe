"""The image of a request is read as the images that a model is trained on: upright, and up to one limit."""

import io

import numpy as np
import pytest
from PIL import Image

from pylib.data.images import decode_image
from pylib.errors import RequestError
from pylib.serving.request import from_file


def file_of(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_a_photograph_of_61_megapixels_is_taken() -> None:
    assert from_file(file_of(Image.new("1", (9504, 6336)))).pixels.shape == (6336, 9504, 3)


def test_the_limit_is_that_of_ingest_and_the_setting_raises_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = file_of(Image.new("1", (9504, 6800)))
    with pytest.raises(RequestError, match=r"above the limit of 64,000,000 pixels: .*PYLIB_MAX_PIXELS"):
        from_file(data)
    monkeypatch.setenv("PYLIB_MAX_PIXELS", "65000000")
    assert from_file(data).pixels.shape == (6800, 9504, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_that_exif_turns_is_upright_as_it_was_in_training(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    colours = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    data = file_of(Image.fromarray(colours), "JPEG", exif=exif)
    pixels = from_file(data).pixels
    np.testing.assert_array_equal(pixels, decode_image(data))
    assert pixels.shape == ((48, 40, 3) if orientation in {5, 6, 7, 8} else (40, 48, 3))
