"""Which mask is an image's, by the names that people and tools give them; made of empty files."""

import unicodedata
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.tasks.segmentation.pairing import Pairs, apart, pair

ROOT = Path("/set")


def files(folder: str, names: list[str]) -> dict[str, list[Path]]:
    found = defaultdict(list)
    for name in names:
        path = ROOT / folder / name
        found[path.relative_to(ROOT / folder).with_suffix("").as_posix()].append(path)
    return found


def paired(images: list[str], masks: list[str]) -> Pairs:
    return pair(files("images", images), files("masks", masks), ROOT)


def names(pairs: Pairs) -> dict[str, str]:
    return {image.name: mask.name for image, mask in pairs.files.values()}


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("x.jpg", "x.png"),
        ("x.jpg", "x_mask.png"),
        ("x.jpg", "x-mask.png"),
        ("x.jpg", "x mask.png"),
        ("x.jpg", "x.mask.png"),
        ("x.jpg", "x_Mask.PNG"),
        ("x.jpg", "mask_x.png"),
        ("x.jpg", "x_masks.png"),
        ("x.jpg", "xmask.png"),
        ("x.jpg", "x(mask).png"),
        ("x.jpg", "x_gt.png"),
        ("x.jpg", "gt_x.png"),
        ("x.jpg", "x_label.png"),
        ("x.jpg", "x_labels.png"),
        ("x.jpg", "x_seg.png"),
        ("x.jpg", "x_segmentation.png"),
        ("x.jpg", "x_labelIds.png"),
        ("x.jpg", "x_gtFine_labelTrainIds.png"),
        ("x.jpg", "x_GroundTruth.png"),
        ("x.png", "x_L.png"),
        ("x.jpg", "x.jpg.png"),
        ("x.JPEG", "x.jpeg_mask.png"),
        ("IMG_1.JPG", "img_1.png"),
        ("x_leftImg8bit.png", "x_gtFine_labelIds.png"),
        ("x_sat.jpg", "x_mask.png"),
        ("image_07.png", "mask_07.png"),
        ("img7.png", "mask7.png"),
        ("img_7.png", "7.png"),
        ("a/x.jpg", "a/x_mask.png"),
        ("A/x.jpg", "a/x.png"),
        ("train/x.jpg", "x.png"),
        ("x.jpg", "all/x_mask.png"),
        (unicodedata.normalize("NFD", "Café.jpg"), unicodedata.normalize("NFC", "Café.png")),
        (unicodedata.normalize("NFC", "été.jpg"), unicodedata.normalize("NFD", "été_mask.png")),
    ],
)
def test_what_a_person_reads_as_one_name_is_a_pair(image: str, mask: str) -> None:
    found = paired([image, "other.jpg"], [mask, "other.png"])
    assert names(found) == {Path(image).name: Path(mask).name, "other.jpg": "other.png"}
    assert found.findings == []


@pytest.mark.parametrize(
    ("image", "mask"), [("x.jpg", "y_mask.png"), ("x_1.jpg", "x_mask_2.png"), ("a/x.jpg", "b/x_mask.png")]
)
def test_what_is_another_name_is_none(image: str, mask: str) -> None:
    found = paired([image], [mask])
    assert not found.files
    assert [finding.code for finding in found.findings] == ["image-without-mask", "mask-without-image"]


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        (["IMG_1.JPG", "img_1.jpg"], ["Img_1.png"]),
        (["x.jpg"], ["x_mask.png", "x.jpg.png"]),
        (["x.jpg"], ["X.png", "x_gt.png"]),
        (["img_7.jpg", "photo_7.jpg"], ["mask_7.png"]),
        (["train/x.jpg", "val/x.jpg"], ["x.png"]),
    ],
)
def test_what_fits_several_is_refused_with_all_names(images: list[str], masks: list[str]) -> None:
    found = paired(images, masks)
    assert not found.files
    assert [finding.code for finding in found.findings] == ["name-ambiguous"] * len(images)
    for finding in found.findings:
        assert all(f"images/{name}" in finding.reason for name in images)
        assert all(f"masks/{name}" in finding.reason for name in masks)


def test_exact_names_keep_priority_and_what_lies_there_is_not_called_missing() -> None:
    found = paired(["a.jpg", "A.jpg"], ["a.png", "a_mask.png", "b.png"])
    assert names(found) == {"a.jpg": "a.png", "A.jpg": "a_mask.png"}
    found = paired(["a.jpg", "A.jpg"], ["a.png"])
    (finding,) = found.findings
    assert finding.code == "image-without-mask"
    assert "masks/a.png, which fits, is that of images/a.jpg" in finding.reason
    found = paired(["a.jpg"], ["a.png", "a_mask.png"])
    (finding,) = found.findings
    assert finding.code == "mask-without-image"
    assert "images/a.jpg, which fits, goes with masks/a.png" in finding.reason
    (finding, *_) = paired(["scan1.jpg"], ["scan1_part1.png", "scan1_part2.png"]).findings
    assert "masks/scan1_part1.png, masks/scan1_part2.png begin so" in finding.reason
    (finding, _) = paired(["a/x.jpg"], ["b/x_mask.png"]).findings
    assert "images/a/x.jpg has no mask in the same folder; masks/b/x_mask.png is in another" in finding.reason
    found = paired(["x_leftImg8bit.png"], ["x_gtFine_labelIds.png", "x_gtFine_color.png"])
    (finding,) = found.findings
    assert "begins as images/x_leftImg8bit.png, whose mask is masks/x_gtFine_labelIds.png" in finding.reason


def test_a_nearer_name_is_not_a_reason_to_doubt() -> None:
    found = paired(["img_01.jpg", "01.jpg"], ["img_01_mask.png", "01_mask.png"])
    assert names(found) == {"img_01.jpg": "img_01_mask.png", "01.jpg": "01_mask.png"}


def test_one_folder_is_told_apart() -> None:
    images, masks = apart(
        files("", ["a.jpg", "a_mask.png", "b.jpg", "b.png", "label_maker.jpg", "1/image.png", "1/mask.png"])
    )
    assert sorted(images) == ["1/image", "a", "b", "label_maker"]
    assert sorted(masks) == ["1/mask", "a_mask", "b"]
    assert masks["b"] == [ROOT / "b.png"]


@given(st.lists(st.sampled_from("aAbB1é"), min_size=1, max_size=4).map("".join), st.data())
def test_every_file_is_paired_once_or_named(first: str, data: st.DataObject) -> None:
    stems = st.lists(
        st.sampled_from([first, first.swapcase(), f"{first}_mask", f"mask_{first}", f"img_{first}", "z"]),
        unique=True,
        max_size=5,
    )
    images, masks = data.draw(stems), data.draw(stems)
    found = paired([f"{stem}.jpg" for stem in images], [f"{stem}.png" for stem in masks])
    used = [path for both in found.files.values() for path in both]
    assert len(used) == len(set(used))
    words = " ".join(finding.reason for finding in found.findings)
    for path in [f"images/{stem}.jpg" for stem in images] + [f"masks/{stem}.png" for stem in masks]:
        assert ROOT / path in used or path in words
