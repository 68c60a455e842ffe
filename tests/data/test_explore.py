"""What notebooks show of a commit, of masks and of labels."""

import base64
import re

import numpy as np
import pytest

from pylib.data import charts, explore
from pylib.data.dataset import DatasetIndex, Item, LabelTarget
from pylib.data.images import decode_image

HASH = "0" * 64


def item(name, label, phash):
    return Item(
        id=name, image=f"images/{name}.png", image_sha256=HASH, target=LabelTarget(label=label),
        width=8, height=8, phash=phash, group=None, split="train",
    )  # fmt: skip


@pytest.fixture
def labelled(tmp_path):
    items = [item("a", 0, "0" * 16), item("b", 2, "0" * 15 + "1"), item("c", 2, "f" * 16)]
    classes = {0: "glass", 1: "metal", 2: "paper"}
    return explore.Explored(DatasetIndex(task="labels", name="x", classes=classes, items=items), tmp_path)


def test_a_class_that_no_image_has_is_shown_too(labelled):
    assert explore.class_balance(labelled) == {"glass": 1, "metal": 0, "paper": 2}
    assert [explore.main_class(labelled, each) for each in labelled.index.items] == [
        "glass",
        "paper",
        "paper",
    ]


def test_look_alikes_are_grouped(labelled):
    assert explore.near_duplicates(labelled) == [["a", "b"]]


def test_brightness_goes_from_black_to_white():
    pictures = np.stack([np.full((4, 4, 3), value, np.uint8) for value in (0, 51, 255)])
    assert explore.brightness(pictures).tolist() == pytest.approx([0, 0.2, 1])


def test_the_map_keeps_what_varies_most():
    vectors = np.zeros((5, 3))
    vectors[:, 1] = np.arange(5) * 10
    vectors[:, 2] = [0, 1, 0, 1, 0]
    points = explore.project(vectors)
    assert np.abs(np.corrcoef(points[:, 0], vectors[:, 1])[0, 1]) == pytest.approx(1, abs=1e-3)
    assert explore.project(vectors[:, 1:2]).shape == (5, 2)


def test_the_most_confused_pair_is_first():
    pairs = explore.most_confused([[8, 2, 0], [5, 5, 0], [0, 0, 0]], ["a", "b", "c"])
    assert pairs == [("b", "a", 0.5), ("a", "b", 0.2)]


def test_names_in_a_chart_are_text():
    assert "<b>" not in charts.bars({"<b>": 1}) + charts.scatter(
        np.zeros((1, 2)), ["<b>"], ["<b>"], np.zeros((1, 4, 4, 3), np.uint8)
    )


def test_a_map_has_pictures_at_their_points_and_none_over_another():
    points = np.array([[0.0, 0.0], [0.001, 0.0], [1.0, 0.0], [1.0, 1.0]])
    pictures = np.stack([np.full((4, 4, 3), value, np.uint8) for value in (1, 2, 3, 4)])
    drawn = charts.scatter(points, list("aabb"), list("wxyz"), pictures)
    assert [drawn.count(f"<{mark} ") for mark in ("image", "rect", "circle")] == [3, 3, 1]
    assert [f"<title>{name}</title>" in drawn for name in ("w a", "x a", "y b", "z b")] == [True] * 4
    shown = [decode_image(base64.b64decode(data)) for data in re.findall(r"image/png;base64,([^\"]+)", drawn)]
    assert [int(image[0, 0, 0]) for image in shown] == [1, 3, 4]
