"""What a record holds: the image squeezed as the server does it, the index of its class."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from pylib.data.dataset import DatasetIndex, Item, LabelTarget, ValueTarget
from pylib.data.images import decode_image, resize_image
from pylib.errors import ConfigurationError, DataError
from pylib.tasks.classification.records import arrays, check_image_size, natural_size, read
from tests.data.made import encode, noise

DATA = encode(noise(1, 40, 90), "PNG")


def index(target: object, width: int = 90, height: int = 40) -> DatasetIndex:
    item = Item(
        id="a/one",
        image="images/a/one.png",
        image_sha256=hashlib.sha256(DATA).hexdigest(),
        target=target,
        width=width,
        height=height,
        phash="0" * 16,
        group=None,
        split="train",
    )
    return DatasetIndex(task="classification", name="x", classes={7: "cat", 2: "dog"}, items=[item])


def records(folder: Path, target: object) -> tuple[np.ndarray, np.ndarray]:
    (folder / "images/a").mkdir(parents=True)
    (folder / "images/a/one.png").write_bytes(DATA)
    data = index(target)
    return read(folder, data.items[0], data, 32)


def test_a_label_is_the_place_of_its_id_and_an_image_is_what_the_server_asks_with(tmp_path: Path) -> None:
    image, label = records(tmp_path, LabelTarget(label=7))
    inputs, targets = arrays(index(LabelTarget(label=7)), 32)
    assert (image.shape, str(image.dtype), label.shape, str(label.dtype)) == (
        inputs.shape, inputs.dtype, targets.shape, targets.dtype,
    )  # fmt: skip
    assert int(label) == 1
    np.testing.assert_array_equal(image, resize_image(decode_image(DATA), 32))


@pytest.mark.parametrize(
    ("target", "reason"),
    [(LabelTarget(label=3), "its label 3 is no class"), (ValueTarget(value=1), "a value, not a label")],
)
def test_what_is_no_label_is_one_line(tmp_path: Path, target: object, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        records(tmp_path, target)


@pytest.mark.parametrize(
    ("width", "height", "side"), [(28, 28, 32), (70, 90, 64), (213, 160, 224), (700, 500, 224), (9, 900, 32)]
)
def test_images_are_learned_from_at_their_own_size_within_reason(width: int, height: int, side: int) -> None:
    assert natural_size(index(LabelTarget(label=7), width, height)) == side


def test_a_side_that_is_too_small_or_too_large_is_refused() -> None:
    for side in (0, 32, 75, 1024):
        check_image_size(side)
    for side in (31, -1, 1025, 5000):
        with pytest.raises(ConfigurationError, match=f"image_size={side}: "):
            check_image_size(side)
