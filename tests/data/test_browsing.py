"""Data sets looked at a page at a time."""

import hashlib

import pytest

from pylib.data.browsing import changes, chosen, classes, found_commit, index_of, page_of, splits
from pylib.data.dataset import DatasetIndex, Item, LabelTarget
from pylib.data.images import decode_image
from pylib.data.thumbnails import SIDE, coloured, item_thumbnail, thumbnail
from pylib.errors import DataError, NotFoundError
from pylib.palette import class_rgb
from pylib.store.local import LocalStore
from tests.data.index import data_set
from tests.data.made import encode, noise, rings

CLASSES = {0: "cat", 1: "dog"}


def item(name: str, label: int, *, split: str = "train", image: str = "") -> Item:
    return Item(
        id=name,
        image=f"images/{name}.png",
        image_sha256=hashlib.sha256((image or name).encode()).hexdigest(),
        target=LabelTarget(label=label),
        width=8,
        height=8,
        phash="0" * 16,
        group=None,
        split=split,
    )


def labelled(*items: Item) -> DatasetIndex:
    return DatasetIndex(task="classification", name="pets", classes=CLASSES, items=items)


@pytest.mark.parametrize(
    ("count", "asked", "number", "pages", "first"),
    [(0, 1, 1, 1, None), (48, 1, 1, 1, 0), (49, 2, 2, 2, 48), (100_000, 99, 99, 2084, 4704), (5, 0, 1, 1, 0),
     (100, 10**9, 3, 3, 96)],
)  # fmt: skip
def test_a_page_is_bounded_whatever_is_asked_for(count, asked, number, pages, first):
    page = page_of(range(count), asked)
    assert (page.number, page.pages, page.total) == (number, pages, count)
    assert len(page.elements) <= 48
    assert next(iter(page.elements), None) == first
    assert (page.before is None) == (number == 1)
    assert (page.after is None) == (number == pages)


def test_items_are_counted_and_chosen_by_class_split_and_name():
    index = labelled(item("a1", 0), item("a2", 1, split="test"), item("b1", 1))
    assert classes(index) == {"cat": 1, "dog": 2}
    assert splits(index) == {"train": 2, "validation": 0, "test": 1, "calibration": 0}
    assert [each.id for each in chosen(index, label="dog")] == ["a2", "b1"]
    assert [each.id for each in chosen(index, label="dog", split="train")] == ["b1"]
    assert [each.id for each in chosen(index, text="A")] == ["a1", "a2"]
    assert chosen(index, label="horse") == []
    assert classes(data_set(train=3)) == {}


def test_what_changed_is_an_image_a_label_or_a_split():
    before = labelled(item("a", 0), item("b", 0), item("c", 0), item("d", 0), item("e", 0))
    after = labelled(
        item("a", 0), item("b", 1), item("c", 0, image="other"), item("d", 0, split="test"), item("f", 0)
    )
    assert [(each.id, each.kind) for each in changes(before, after)] == [
        ("f", "added"),
        ("e", "removed"),
        ("b", "changed"),
        ("c", "changed"),
        ("d", "changed"),
    ]
    assert changes(before, before) == []
    assert {each.kind for each in changes(None, after)} == {"added"}


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


def test_a_commit_is_found_by_names_only(store, tmp_path):
    index = labelled(item("a", 0))
    made = store.commit("pets", {"dataset.json": index.dumps()})
    table = store.commit("wine", {"wine.csv": b"a,b\n1,2\n"})
    url = (tmp_path / "store").as_uri()
    assert index_of(url, found_commit(url, "pets", "master")) == index
    assert found_commit(url, "pets", made.id) == made
    assert index_of(url, table) is None
    for repository, revision in (("..", "master"), ("pets", "../x"), ("pets", "other"), ("none", "master")):
        with pytest.raises(NotFoundError):
            found_commit(url, repository, revision)


def test_a_thumbnail_is_small_and_made_of_pixels_alone():
    small = thumbnail(encode(noise(1, 400, 600)) + b"<script>")
    assert small.startswith(b"\xff\xd8")
    assert b"script" not in small
    assert max(decode_image(small).shape) == SIDE
    with pytest.raises(DataError):
        thumbnail(b"<svg xmlns='http://www.w3.org/2000/svg'/>")


def test_a_masks_colours_are_those_of_its_classes():
    mask = encode(rings(), "PNG")
    painted = decode_image(coloured(mask, {1: 0, 2: 1, 3: 2}))
    assert tuple(painted[20, 24]) == class_rgb(0)
    assert tuple(painted[0, 0]) == class_rgb(1)
    assert tuple(decode_image(coloured(mask, {1: 0, 2: 1}, ground=1))[0, 0]) == (255, 255, 255)


def test_a_mask_lies_over_its_thumbnail(store):
    index = data_set(train=1)
    (one,) = index.items
    image = encode(noise(1), "PNG")
    made = store.commit("sample", {one.image: image, one.target.file: encode(rings(), "PNG")})
    shown = decode_image(item_thumbnail(store, made, one, index))
    plain = decode_image(thumbnail(image))
    assert shown.shape == plain.shape
    assert abs(shown.astype(int) - plain).mean() > 10
