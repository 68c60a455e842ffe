"""Bad data sets, each planted in a folder of good pairs, and the one finding that each must give."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pylib.data.ingest import Options, plan_ingest
from pylib.data.names import unsafe_name
from pylib.errors import ConfigurationError, DataError

Plant = Callable


def image_of(size: tuple[int, int], make) -> bytes:
    return make.encode(make.noise(99, *size))


def mask_of(value: int | None, make, corner: int | None = None) -> bytes:
    mask = make.rings()
    if value is not None:
        mask[:] = value
    if corner is not None:
        mask[0, 0] = corner
    return make.encode(mask, "PNG")


def contradiction(good, make) -> None:
    good.put("x", 99)
    good.put("y", 99, mask=mask_of(None, make, corner=1))


def near_copy(good, make) -> None:
    good.put("x", 99)
    good.put("y", image=make.encode(make.noise(99), quality=60))


def half(good, make) -> None:
    data = image_of((200, 200), make)
    good.put("x", image=data[: len(data) // 2])


def turned(good, make) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    good.put("x", image=make.encode(make.noise(99), exif=exif))  # upright it is 40x48, its mask 48x40


# name: (what is planted, the findings that it gives as {item: code})
CASES: dict[str, tuple[Plant, dict[str, str]]] = {
    "an empty image": (lambda good, _: good.put("x", image=b""), {"x": "image-unreadable"}),
    "a text named .jpg": (lambda good, _: good.put("x", image=b"hello"), {"x": "image-unreadable"}),
    "a web page named .jpg": (lambda good, _: good.put("x", image=b"<html>"), {"x": "image-unreadable"}),
    "half an image": (half, {"x": "image-unreadable"}),
    "a HEIC photograph": (
        lambda good, make: (
            good.image("x.heic", b"\0\0\0\x18ftypheic"),
            good.mask("x.png", mask_of(None, make)),
        ),
        {"x": "image-unreadable"},
    ),
    "a GIF named .jpg": (
        lambda good, make: good.put("x", image=make.encode(make.noise(99), "GIF")),
        {"x": "extension-wrong"},
    ),
    "a PNG named .jpg": (
        lambda good, make: good.put("x", image=make.encode(make.noise(99), "PNG")),
        {"x": "extension-wrong"},
    ),
    "a thumbnail": (
        lambda good, make: good.put("x", image=image_of((31, 60), make)),
        {"x": "image-too-small"},
    ),
    "an image without a mask": (
        lambda good, make: good.image("x.jpg", image_of((40, 48), make)),
        {"x": "image-without-mask"},
    ),
    "a mask without an image": (
        lambda good, make: good.mask("x.png", mask_of(None, make)),
        {"x": "mask-without-image"},
    ),
    "a mask of another size": (
        lambda good, make: good.put("x", image=image_of((41, 48), make)),
        {"x": "mask-size"},
    ),
    "a mask of the unturned image": (turned, {"x": "mask-size"}),
    "a mask with an id too many": (
        lambda good, make: good.put("x", 99, mask=mask_of(None, make, corner=7)),
        {"x": "mask-unknown-class"},
    ),
    "a mask of 0 and 255": (
        lambda good, make: good.put("x", 99, mask=mask_of(0, make, corner=255)),
        {"x": "mask-unknown-class"},
    ),
    "a mask of one class": (
        lambda good, make: good.put("x", 99, mask=mask_of(2, make)),
        {"x": "mask-single-class"},
    ),
    "a mask as JPEG": (
        lambda good, make: good.put("x", 99, mask=make.encode(make.rings())),
        {"x": "mask-unreadable"},
    ),
    "a mask in colours": (
        lambda good, make: good.put("x", 99, mask=make.encode(make.noise(1), "PNG")),
        {"x": "mask-unreadable"},
    ),
    "a broken mask": (
        lambda good, make: good.put("x", 99, mask=mask_of(None, make)[:50]),
        {"x": "mask-unreadable"},
    ),
    "a mask as BMP": (
        lambda good, make: good.put("x", 99, mask=make.encode(make.rings(), "BMP")),
        {"x": "mask-converted"},
    ),
    "a copy": (lambda good, _: (good.put("x", 99), good.put("y", 99)), {"y": "duplicate"}),
    "a copy with another label": (
        contradiction,
        {"x": "duplicate-contradictory", "y": "duplicate-contradictory"},
    ),
    "a near copy": (near_copy, {"x": "near-duplicate"}),
    "two images of one id": (
        lambda good, make: (good.put("x", 99), good.image("x.png", make.encode(make.noise(98), "PNG"))),
        {"x": "id-twice"},
    ),
    "two masks of one id": (
        lambda good, make: (good.put("x", 99), good.mask("x.gif", make.encode(make.rings(), "GIF"))),
        {"x": "id-twice"},
    ),
    "ids that differ by case": (
        lambda good, _: (good.put("x", 99), good.put("X", 98)),
        {"x": "id-case", "X": "id-case"},
    ),
    "ids that differ by the encoding of an accent": (
        lambda good, _: (good.put("\u00e9", 99), good.put("e\u0301", 98)),
        {"\u00e9": "id-case", "e\u0301": "id-case"},
    ),
    "a name with a line break": (lambda good, _: good.put("x\ny", 99), {"x\\ny": "name-unsafe"}),
    "a name that Windows refuses": (lambda good, _: good.put("x:y", 99), {"x:y": "name-unsafe"}),
    "a name like an option": (lambda good, _: good.put("-rf", 99), {"-rf": "name-unsafe"}),
    "a name that is too long": (lambda good, _: good.put("x" * 201, 99), {"x" * 201: "name-unsafe"}),
    "what is neither image nor mask": (
        lambda good, _: (good.image("._x.jpg", b"junk"), (good.root / "README").write_text("hello")),
        {"README": "file-ignored", "images/._*": "file-ignored"},
    ),
}
REJECTS = {
    name: sum(
        code not in {"extension-wrong", "mask-converted", "near-duplicate", "file-ignored"}
        for code in found.values()
    )
    for name, (_, found) in CASES.items()
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_data_set_gives_exactly_its_finding(good, make, tmp_path: Path, case: str) -> None:
    plant, expected = CASES[case]
    plant(good, make)
    with plan_ingest(str(good.root), None, Options(strict=True), cache=tmp_path) as plan:
        assert {finding.item: finding.code for finding in plan.findings} == expected
        assert all(finding.reason and finding.fix and "\n" not in finding.reason for finding in plan.findings)
        assert len(plan.rejected) == REJECTS[case]
        present = {item.id for item in plan.index.items}
        assert present >= {f"item_{number:02}" for number in range(40)}
        assert not present & {finding.item for finding in plan.rejected}
        if plan.rejected:
            with pytest.raises(DataError, match="rejected, and strict") as caught:
                plan.check()
            assert "\n" not in str(caught.value)
        else:
            plan.check()


def test_content_is_stored_as_it_is_under_its_true_extension(good, make, tmp_path: Path) -> None:
    gif = make.encode(make.noise(99), "GIF")
    good.put("x", image=gif, mask=make.encode(make.rings(), "BMP"))
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        image, mask = plan.files["images/x.gif"], plan.files["masks/x.png"]
        assert isinstance(image, Path)
        assert image.read_bytes() == gif
        assert isinstance(mask, bytes)
        np.testing.assert_array_equal(np.asarray(Image.open(good.mask("y.png", mask))), make.rings())
        assert plan.files["masks/item_00.png"] == good.root / "masks" / "item_00.png"


# name: (what is done to a good data set, the options, the error)
BAD_SETS: dict[str, tuple[Callable, Options, type[Exception], str]] = {
    "no masks folder": (
        lambda good: (good.root / "masks").rename(good.root / "labels"),
        Options(),
        DataError,
        "no images/ and masks/ side by side in it .found images, labels.",
    ),
    "an empty folder": (
        lambda good: [path.unlink() for path in good.root.rglob("*.*")],
        Options(),
        DataError,
        "no usable item .images/ and masks/ are empty.",
    ),
    "other classes than the masks": (
        lambda _: None,
        Options(classes={0: "sky", 1: "road"}),
        DataError,
        "no usable item .item_00: mask has ids that are no class: 2, 3",
    ),
    "classes.yaml is a list": (
        lambda good: (good.root / "classes.yaml").write_text("[a, b]"),
        Options(),
        ConfigurationError,
        "classes.yaml of the source: write mask ids and names",
    ),
    "classes.yaml is no YAML": (
        lambda good: (good.root / "classes.yaml").write_text("{1: a"),
        Options(),
        ConfigurationError,
        "classes.yaml of the source cannot be read",
    ),
    "classes.yaml with an id of 300": (
        lambda good: (good.root / "classes.yaml").write_text("{1: a, 300: b}"),
        Options(),
        ConfigurationError,
        "300 is no mask id",
    ),
    "classes.yaml with a name twice": (
        lambda good: (good.root / "classes.yaml").write_text("{1: a, 2: a}"),
        Options(),
        ConfigurationError,
        "2: a is there twice",
    ),
    "classes.yaml of one class": (
        lambda good: (good.root / "classes.yaml").write_text("{1: a}"),
        Options(),
        ConfigurationError,
        "two classes or more",
    ),
    "a group without a capture": (
        lambda _: None,
        Options(group="item"),
        ConfigurationError,
        "captures nothing",
    ),
}


@pytest.mark.parametrize("case", BAD_SETS)
def test_a_hopeless_data_set_is_one_line(good, tmp_path: Path, case: str) -> None:
    spoil, options, error, message = BAD_SETS[case]
    spoil(good)
    with (
        pytest.raises(error, match=message) as caught,
        plan_ingest(str(good.root), None, options, cache=tmp_path) as plan,
    ):
        plan.check()
    assert "\n" not in str(caught.value)


def test_the_layout_of_the_oxford_pets_is_read_and_a_top_folder_is_looked_through(
    good, tmp_path: Path
) -> None:
    annotations = good.root / "annotations"
    (annotations / "xmls").mkdir(parents=True)
    (good.root / "masks").rename(annotations / "trimaps")
    (annotations / "trimaps" / "._item_00.png").write_bytes(b"AppleDouble")
    for number in range(5):
        (annotations / "xmls" / f"item_{number:02}.xml").write_text("<annotation/>")
        (good.root / "images" / f"item_{number:02}.mat").write_bytes(b"MATLAB")
    with plan_ingest(str(good.root.parent), None, Options(), cache=tmp_path / "cache") as plan:
        assert len(plan.index.items) == 40
        assert {(finding.item, finding.code) for finding in plan.findings} == {
            ("annotations/trimaps/._*", "file-ignored"),
            ("annotations/xmls/*.xml", "file-ignored"),
            ("images/*.mat", "file-ignored"),
        }


@pytest.mark.parametrize("name", ["Abyssinian_1", "a/b/c", "été 2024 (1)", "x" * 200])
def test_ordinary_names_are_safe(name: str) -> None:
    assert unsafe_name(name) is None


@pytest.mark.parametrize("name", ["a\\b", "a*", "a.", " a", "a /b", ".a", "a/.b", "-a", "a\x00", "a\u202eb"])
def test_names_that_some_system_refuses_are_not(name: str) -> None:
    assert unsafe_name(name)
