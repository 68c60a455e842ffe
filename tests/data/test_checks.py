"""Bad data sets, each planted in a folder of good pairs, and the one finding that each must give.

What is wrong with an image, a name or a data set is found alike for every task; see tests/tasks for the rest.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pylib.data.names import unsafe_name
from pylib.data.plan import Options
from pylib.errors import ConfigurationError
from tests.data.made import Folder, assert_found, assert_hopeless, encode, image_of, noise, rings

Plant = Callable[[Folder], object]


def contradiction(good: Folder) -> None:
    other = rings()
    other[0, 0] = 1
    good.put("x", 99)
    good.put("y", 99, mask=encode(other, "PNG"))


def near_copy(good: Folder) -> None:
    good.put("x", 99)
    good.put("y", image=encode(noise(99), quality=60))


def half(good: Folder) -> None:
    data = image_of(200, 200)
    good.put("x", image=data[: len(data) // 2])


def heic(good: Folder) -> None:
    good.image("x.heic", b"\0\0\0\x18ftypheic")
    good.mask("x.png", encode(rings(), "PNG"))


def stack(good: Folder, kind: str, extension: str) -> None:
    pages = [Image.fromarray(noise(98))]
    good.image(f"x.{extension}", encode(noise(99), kind, save_all=True, append_images=pages))
    good.mask("x.png", encode(rings(), "PNG"))


def linked(good: Folder) -> None:
    other = Folder(good.root.parent / "other")
    other.put("y", 97)
    for name in ("images", "masks"):
        (good.root / name / "more").symlink_to(other.root / name)
    (good.root / "extra").symlink_to(good.root)
    (good.root / ".cache").symlink_to(other.root)


# name: (what is planted, the findings that it gives as {item: code}, how many of them reject)
CASES: dict[str, tuple[Plant, dict[str, str], int]] = {
    "an empty image": (lambda good: good.put("x", image=b""), {"x": "image-unreadable"}, 1),
    "a text named .jpg": (lambda good: good.put("x", image=b"hello"), {"x": "image-unreadable"}, 1),
    "a web page named .jpg": (lambda good: good.put("x", image=b"<html>"), {"x": "image-unreadable"}, 1),
    "half an image": (half, {"x": "image-unreadable"}, 1),
    "a HEIC photograph": (heic, {"x": "image-unreadable"}, 1),
    "a GIF named .jpg": (
        lambda good: good.put("x", image=encode(noise(99), "GIF")),
        {"x": "extension-wrong"},
        0,
    ),
    "a PNG named .jpg": (
        lambda good: good.put("x", image=encode(noise(99), "PNG")),
        {"x": "extension-wrong"},
        0,
    ),
    "an image of several pages": (
        lambda good: stack(good, "TIFF", "tif"),
        {"x": "image-pages"},
        0,
    ),
    "an animation": (
        lambda good: stack(good, "WEBP", "webp"),
        {"x": "image-pages"},
        0,
    ),
    "folders that are links": (
        linked,
        {
            ".cache/*": "file-ignored",
            "images/more": "file-ignored",
            "masks/more": "file-ignored",
            "extra": "file-ignored",
        },
        0,
    ),
    "an image above the limit": (
        lambda good: good.put("x", image=encode(np.zeros((9000, 9000), np.uint8), "PNG")),
        {"x": "image-too-large"},
        1,
    ),
    "a thumbnail": (lambda good: good.put("x", image=image_of(31, 60)), {"x": "image-too-small"}, 1),
    "a copy": (lambda good: (good.put("x", 99), good.put("y", 99)), {"y": "duplicate"}, 1),
    "a copy with another label": (
        contradiction,
        {"x": "duplicate-contradictory", "y": "duplicate-contradictory"},
        2,
    ),
    "a near copy": (near_copy, {"x": "near-duplicate"}, 0),
    "two images of one id": (
        lambda good: (good.put("x", 99), good.image("x.png", encode(noise(98), "PNG"))),
        {"x": "id-twice"},
        1,
    ),
    "ids that differ by case": (
        lambda good: (good.put("x", 99), good.put("X", 98)),
        {"x": "id-case", "X": "id-case"},
        2,
    ),
    "ids that differ by the encoding of an accent": (
        lambda good: (good.put("\u00e9", 99), good.put("e\u0301", 98)),
        {"\u00e9": "id-case", "e\u0301": "id-case"},
        2,
    ),
    "a name with a line break": (lambda good: good.put("x\ny", 99), {"x\\ny": "name-unsafe"}, 1),
    "a name that Windows refuses": (lambda good: good.put("x:y", 99), {"x:y": "name-unsafe"}, 1),
    "a name like an option": (lambda good: good.put("-rf", 99), {"-rf": "name-unsafe"}, 1),
    "a name that is too long": (lambda good: good.put("x" * 201, 99), {"x" * 201: "name-unsafe"}, 1),
    "what is neither image nor mask": (
        lambda good: (good.image("._x.jpg", b"junk"), (good.root / "README").write_text("hello")),
        {"README": "file-ignored", "images/._*": "file-ignored"},
        0,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_data_set_gives_exactly_its_finding(good: Folder, tmp_path: Path, case: str) -> None:
    assert_found(good, tmp_path, *CASES[case])


# name: (classes.yaml of a good data set, the options, the error)
BAD_SETS: dict[str, tuple[str | None, Options, str]] = {
    "classes.yaml is a list": (
        "[a, b]",
        Options(),
        "classes.yaml of the source: write class ids and names",
    ),
    "classes.yaml is no YAML": ("{1: a", Options(), "classes.yaml of the source cannot be read"),
    "classes.yaml with a name twice": ("{1: a, 2: a}", Options(), "2: a is there twice"),
    "classes.yaml with an id below nothing": ("{-1: a, 2: b}", Options(), "-1 is no class id"),
    "a group without a capture": (None, Options(group="item"), "captures nothing"),
    "a task that nobody wrote": (
        None,
        Options(task="segmentatoin"),
        "there are: classification, segmentation",
    ),
}


@pytest.mark.parametrize("case", BAD_SETS)
def test_a_hopeless_data_set_is_one_line(good: Folder, tmp_path: Path, case: str) -> None:
    classes, options, message = BAD_SETS[case]
    if classes is not None:
        (good.root / "classes.yaml").write_text(classes)
    assert_hopeless(good, tmp_path, options, ConfigurationError, message)


@pytest.mark.parametrize("name", ["Abyssinian_1", "a/b/c", "été 2024 (1)", "x" * 200])
def test_ordinary_names_are_safe(name: str) -> None:
    assert unsafe_name(name) is None


@pytest.mark.parametrize("name", ["a\\b", "a*", "a.", " a", "a /b", ".a", "a/.b", "-a", "a\x00", "a\u202eb"])
def test_names_that_some_system_refuses_are_not(name: str) -> None:
    assert unsafe_name(name)
