"""Data sets as they arrive: folders of other names, wrapping ones, hidden ones beside them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pylib.data.plan import Options, plan_ingest
from pylib.errors import DataError
from tests.data.made import Folder, encode, noise, rings

Plant = Callable[[Folder], object]


def move(folder: Folder, images: str, masks: str) -> None:
    for name, target in (("images", images), ("masks", masks)):
        (folder.root / target).parent.mkdir(parents=True, exist_ok=True)
        (folder.root / name).rename(folder.root / "moving")
        (folder.root / "moving").rename(folder.root / target)


def one_folder(folder: Folder, suffix: str) -> None:
    for path in (folder.root / "masks").iterdir():
        path.rename(folder.root / "images" / f"{path.stem}{suffix}.png")
    (folder.root / "masks").rmdir()


def beside(folder: Folder) -> None:
    one_folder(folder, "_mask")
    for path in (folder.root / "images").iterdir():
        path.rename(folder.root / path.name)
    (folder.root / "images").rmdir()


def wrapped(folder: Folder, *names: str) -> None:
    move(folder, "/".join([*names, "images"]), "/".join([*names, "masks"]))


def voc(folder: Folder) -> None:
    move(folder, "VOC2012/JPEGImages", "VOC2012/SegmentationClass")
    for name in ("Annotations/item_00.xml", "SegmentationObject/item_00.png"):
        (folder.root / "VOC2012" / name).parent.mkdir()
        (folder.root / "VOC2012" / name).write_bytes(encode(rings(), "PNG"))


def checkpoints(folder: Folder) -> None:
    wrapped(folder, "set")
    for place in ("", "set", "set/images"):
        hidden = folder.root / place / ".ipynb_checkpoints"
        hidden.mkdir()
        (hidden / "item_00-checkpoint.jpg").write_bytes(encode(noise(0)))


def systems(folder: Folder) -> None:
    wrapped(folder, "set")
    for name in (
        "__MACOSX/set/images/._item_00.jpg",
        "set/images/Thumbs.db",
        "set/masks/.DS_Store",
        ".git/x.png",
    ):
        (folder.root / name).parent.mkdir(parents=True, exist_ok=True)
        (folder.root / name).write_bytes(b"junk")


LAYOUTS: dict[str, Plant] = {
    "labels": lambda good: move(good, "images", "labels"),
    "capitals": lambda good: move(good, "Images", "Masks"),
    "img and gt": lambda good: move(good, "img", "gt"),
    "imgs and annotations": lambda good: move(good, "imgs", "Annotations"),
    "ground truth": lambda good: move(good, "image", "Ground_Truth"),
    "VOC": voc,
    "three wrapping folders": lambda good: wrapped(good, "a", "b", "c"),
    "a set beside documents": lambda good: (wrapped(good, "set"), (good.root / "docs").mkdir()),
    "checkpoints of notebooks": checkpoints,
    "what systems leave": systems,
    "images/ with both": lambda good: one_folder(good, "_mask"),
    "JPEG and PNG of one name": lambda good: one_folder(good, ""),
    "both in the folder itself": beside,
    "masks/ below the images": lambda good: move(good, "set", "set/masks"),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_a_folder_of_any_usual_kind_is_read_whole(good: Folder, tmp_path: Path, case: str) -> None:
    LAYOUTS[case](good)
    with plan_ingest(str(good.root), None, Options(strict=True), cache=tmp_path) as plan:
        plan.check()
        assert {item.id for item in plan.index.items} == {f"item_{number:02}" for number in range(40)}
        assert {finding.code for finding in plan.findings} <= {"file-ignored"}


def twin(good: Folder) -> None:
    wrapped(good, "one")
    Folder(good.root / "two").put("x")


def second_masks(good: Folder) -> None:
    move(good, "images", "labels")
    (good.root / "gt").mkdir()
    (good.root / "gt/item_00.png").write_bytes(encode(rings(), "PNG"))


HOPELESS: dict[str, tuple[Plant, str]] = {
    "two data sets": (twin, r"2 data sets are in it \(one, two\); name one of them"),
    "two folders of masks": (second_masks, "gt/ and labels/ could each be the masks"),
    "no masks": (
        lambda good: (good.root / "masks").rename(good.root / "other"),
        r"no images/ and masks/ side by side in it \(found images, other\)",
    ),
}


@pytest.mark.parametrize("case", HOPELESS)
def test_what_cannot_be_decided_is_one_line_with_the_names(good: Folder, tmp_path: Path, case: str) -> None:
    plant, message = HOPELESS[case]
    plant(good)
    with (
        pytest.raises(DataError, match=message) as caught,
        plan_ingest(str(good.root), None, Options(), cache=tmp_path),
    ):
        pytest.fail("it was read")
    assert "\n" not in str(caught.value)
