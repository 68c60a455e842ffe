"""What is said of a data set before a run: splits without an image, classes with hardly one."""

import pytest

from pylib.data.dataset import DatasetIndex, Item, LabelTarget
from pylib.data.needs import need, scarce
from pylib.errors import DataError
from tests.data.index import data_set

COUNTS = {("train", 0): 9, ("train", 3): 9, ("test", 0): 5, ("test", 3): 4, ("validation", 3): 7}


def labelled(counts: dict[tuple[str, int], int]) -> DatasetIndex:
    items = [
        Item(
            id=f"{split}{label}{number}",
            image=f"images/{split}{label}{number}.png",
            image_sha256="0" * 64,
            target=LabelTarget(label=label),
            width=64,
            height=64,
            phash="0" * 16,
            group=None,
            split=split,
        )
        for (split, label), count in counts.items()
        for number in range(count)
    ]
    items.sort(key=lambda item: item.id)
    return DatasetIndex(task="classification", name="pets", classes={0: "cat", 3: "eel"}, items=items)


def test_classes_with_hardly_an_image_are_named_with_their_split() -> None:
    assert scarce(labelled(COUNTS), "train", "validation", "test") == (
        "classes with fewer than 5 images in a split: cat has none in validation, eel has 4 in test; "
        "add images, or what is learned and measured there is luck"
    )


def test_where_there_are_enough_nothing_is_said() -> None:
    assert scarce(labelled(COUNTS), "train") == ""
    assert scarce(data_set(train=1), "train") == "", "of masks it says nothing"


def test_an_empty_split_is_refused() -> None:
    need(labelled(COUNTS), "train", "test")
    with pytest.raises(DataError, match="pets: it has no image in the split calibration"):
        need(labelled(COUNTS), "calibration")
