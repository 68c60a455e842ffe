"""Bad masks and classes, each planted in a folder of good pairs, and the one finding that each must give."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pylib.data.dataset import LabelTarget
from pylib.data.plan import Options, plan_ingest
from pylib.errors import ConfigurationError, DataError
from pylib.tasks.segmentation import checks
from tests.data.made import Folder, assert_found, assert_hopeless, encode, image_of, noise, rings

Plant = Callable[[Folder], object]


def mask_of(value: int | None = None, corner: int | None = None) -> bytes:
    mask = rings()
    if value is not None:
        mask[:] = value
    if corner is not None:
        mask[0, 0] = corner
    return encode(mask, "PNG")


# name: (what is planted, the finding that it gives for item x)
CASES: dict[str, tuple[Plant, str]] = {
    "an image without a mask": (lambda good: good.image("x.jpg", image_of(40, 48)), "image-without-mask"),
    "a mask without an image": (lambda good: good.mask("x.png", mask_of()), "mask-without-image"),
    "a mask of another size": (lambda good: good.put("x", image=image_of(41, 48)), "mask-size"),
    "a mask of more pixels than are read": (
        lambda good: good.put("x", 99, mask=encode(np.zeros((9000, 9000), np.uint8), "PNG")),
        "mask-size",
    ),
    "a mask with an id too many": (
        lambda good: good.put("x", 99, mask=mask_of(corner=7)),
        "mask-unknown-class",
    ),
    "a mask of 0 and 255": (
        lambda good: good.put("x", 99, mask=mask_of(0, corner=255)),
        "mask-unknown-class",
    ),
    "a mask of one class": (lambda good: good.put("x", 99, mask=mask_of(1)), "mask-single-class"),
    "a mask of background": (lambda good: good.put("x", 99, mask=mask_of(2)), "mask-empty"),
    "a mask of 255": (lambda good: good.put("x", 99, mask=mask_of(255)), "mask-ignored"),
    "a mask as JPEG": (lambda good: good.put("x", 99, mask=encode(rings())), "mask-unreadable"),
    "a mask in colours": (lambda good: good.put("x", 99, mask=encode(noise(1), "PNG")), "mask-unreadable"),
    "a broken mask": (lambda good: good.put("x", 99, mask=mask_of()[:50]), "mask-unreadable"),
    "a mask as BMP": (lambda good: good.put("x", 99, mask=encode(rings(), "BMP")), "mask-converted"),
    "two masks of one id": (
        lambda good: (good.put("x", 99), good.mask("x.gif", encode(rings(), "GIF"))),
        "id-twice",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_mask_gives_exactly_its_finding(good: Folder, tmp_path: Path, case: str) -> None:
    plant, code = CASES[case]
    assert_found(good, tmp_path, plant, {"x": code}, code not in {"mask-converted", "mask-empty"})


def test_content_is_stored_as_it_is_under_its_true_extension(good: Folder, tmp_path: Path) -> None:
    gif = encode(noise(99), "GIF")
    good.put("x", image=gif, mask=encode(rings(), "BMP"))
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        image, mask = plan.files["images/x.gif"], plan.files["masks/x.png"]
        assert isinstance(image, Path)
        assert image.read_bytes() == gif
        assert isinstance(mask, bytes)
        np.testing.assert_array_equal(np.asarray(Image.open(good.mask("y.png", mask))), rings())
        assert plan.files["masks/item_00.png"] == good.root / "masks" / "item_00.png"


# name: (what is done to a good data set, the options, the error)
BAD_SETS: dict[str, tuple[Plant, Options, type[Exception], str]] = {
    "no masks folder": (
        lambda good: (good.root / "masks").rename(good.root / "other"),
        Options(),
        DataError,
        "no images/ and masks/ side by side in it .found images, other.",
    ),
    "an empty folder": (
        lambda good: [path.unlink() for path in good.root.rglob("*.*")],
        Options(),
        DataError,
        "no usable item .there is no image with a mask.",
    ),
    "other classes than the masks": (
        lambda _: None,
        Options(classes={0: "sky", 1: "road"}),
        DataError,
        "no usable item .item_00: mask has ids that are no class: 2, 3, and 39 more .likely fix: name all",
    ),
    "classes.yaml with an id of 300": (
        lambda good: (good.root / "classes.yaml").write_text("{1: a, 300: b}"),
        Options(),
        ConfigurationError,
        "300 is no mask id",
    ),
    "classes.yaml of one class": (
        lambda good: (good.root / "classes.yaml").write_text("{1: a}"),
        Options(),
        ConfigurationError,
        "two classes or more",
    ),
}


@pytest.mark.parametrize("case", BAD_SETS)
def test_a_hopeless_data_set_is_one_line(good: Folder, tmp_path: Path, case: str) -> None:
    spoil, *expected = BAD_SETS[case]
    spoil(good)
    assert_hopeless(good, tmp_path, *expected)


def test_a_target_that_is_no_mask_means_nothing_here() -> None:
    with pytest.raises(DataError, match="a label, not a mask"):
        checks.meaning(LabelTarget(label=1), lambda path: path.encode())
