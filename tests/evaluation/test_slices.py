"""What test items are parted by, and what gates ask of the parts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pylib.data.shards import ShardItem
from pylib.evaluation.record import Slice
from pylib.evaluation.slices import SMALL, columns, slice_values, slices


def item(place: int, folder: str = "", **said: str) -> ShardItem:
    name = f"{folder}/{place}" if folder else str(place)
    return ShardItem(id=name, image_sha256="0" * 64, target_sha256="0" * 64, columns=said)


def share(total):
    return total[..., 0] / total.sum(axis=-1)


def test_a_column_parts_a_name_does_not_and_numbers_are_thirds() -> None:
    sites = ["north", "south"] * 15
    items = [item(n, site=sites[n], patient=f"p{n}", age=str(n), one="x") for n in range(30)]
    found = columns(items, {}, np.zeros((30, 2, 2), np.uint8))
    assert set(found) == {"site", "age"}
    assert [found["age"].count(word) for word in ("low", "middle", "high")] == [10, 10, 10]


def test_a_number_that_is_missing_leaves_its_column_one_of_numbers() -> None:
    items = [item(n, **({"age": str(n)} if n % 10 else {})) for n in range(30)]
    found = columns(items, {}, np.zeros((30, 2, 2), np.uint8))["age"]
    assert [found.count(word) for word in ("low", "middle", "high", "missing")] == [9, 9, 9, 3]
    assert [found[n] for n in (0, 1, 10, 29)] == ["missing", "low", "missing", "high"]
    parts = slices({"age": found}, np.ones((30, 2)), share)
    assert [each.value for each in parts] == ["low", "middle", "high", "missing"]
    words = [item(n, **({"site": "north"} if n % 2 else {})) for n in range(30)]
    assert set(columns(words, {}, np.zeros((30, 2, 2), np.uint8))["site"]) == {"north", ""}


def test_folders_part_where_they_are_not_the_classes() -> None:
    items = [item(n, "phone" if n < 5 else "camera") for n in range(10)]
    assert columns(items, {}, np.zeros((10, 2, 2), np.uint8)) == {"source": ["phone"] * 5 + ["camera"] * 5}
    assert columns(items, {}, np.array([0] * 5 + [1] * 5)) == {}
    assert columns(items, {}, np.array([0, 1] * 5)).keys() == {"source"}


def test_the_worst_is_of_slices_that_are_not_small() -> None:
    right = np.array([1] * 18 + [0] * 2 + [0] * 4)
    measures = np.stack([right, 1 - right], axis=1)
    sites = ["a"] * 20 + ["b"] * 4
    found = slice_values(slices({"site": sites}, measures, share))
    assert found["slices"] == found["slices.site"] == found["slices.site.a"] == 0.9
    assert found["slices.site.b"] == 0
    assert found["slices.lower"] < 0.9
    nothing = slice_values(slices({"site": ["a", "b"]}, measures[:2], share))
    assert nothing["slices"] is None is nothing["slices.site"]


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=60), st.randoms(use_true_random=False))
def test_slices_of_a_column_are_all_items_once(values: list[str], random) -> None:
    right = np.array([random.randrange(2) for _ in values])
    found = slices({"site": values}, np.stack([right, 1 - right], axis=1), share)
    assert sum(each.items for each in found) == len(values)
    assert sum(each.items * each.score for each in found) - right.sum() < 1e-9
    assert all(each.small == (each.items < SMALL) for each in found)
    assert all(each.lower <= each.score <= each.upper for each in found if each.items > 1)
    assert all(each.lower is None is each.upper for each in found if each.items == 1)


def test_a_value_called_lower_is_not_taken_for_the_lower_bound() -> None:
    def of(value: str, score: float, lower: float) -> Slice:
        return Slice(column="jaw", value=value, items=20, small=False, score=score, lower=lower, upper=1)

    values = slice_values([of("left", 0.5, 0.2), of("lower", 0.9, 0.8)])
    assert values["slices.jaw.lower"] == values["slices.lower"] == 0.2
    assert values["slices.jaw.lower.lower"] == 0.8
    assert values["slices.jaw"] == 0.5
