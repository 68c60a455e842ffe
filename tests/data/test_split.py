import hashlib
import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.data.dataset import SPLITS
from pylib.data.split import assign, group_of, split_of
from pylib.errors import ConfigurationError

ids = st.text("abcdefghijklmnop", min_size=1, max_size=2)
worlds = st.dictionaries(ids, st.none() | st.sampled_from("XYZ"), min_size=1, max_size=40)


@st.composite
def linked_worlds(draw: st.DrawFn):
    """Items with their groups, pairs of near duplicates among them, and a part that was there before."""
    groups = draw(worlds)
    item = st.sampled_from(sorted(groups))
    near = draw(st.lists(st.tuples(item, item).filter(lambda pair: pair[0] != pair[1]), max_size=25))
    return groups, near, draw(st.sets(item))


def links(groups: dict, near: list) -> list:
    same_group = (
        pair
        for pair in itertools.combinations(groups, 2)
        if groups[pair[0]] and groups[pair[0]] == groups[pair[1]]
    )
    return [*near, *same_group]


def inside(groups: dict, near: list, part: set):
    return {item: groups[item] for item in groups if item in part}, [
        pair for pair in near if part.issuperset(pair)
    ]


@given(st.text(min_size=1))
def test_the_split_is_md5_of_the_id_mod_10(item: str) -> None:
    tenth = int(hashlib.md5(item.encode()).hexdigest(), 16) % 10
    assert split_of(item) == (["train"] * 7 + ["validation", "test", "calibration"])[tenth]


def test_the_proportions_are_seven_to_one_to_one_to_one() -> None:
    counts = Counter(split_of(f"item_{number}") for number in range(20_000))
    shares = {split: counts[split] / 20_000 for split in SPLITS}
    assert shares == pytest.approx(
        {"train": 0.7, "validation": 0.1, "test": 0.1, "calibration": 0.1}, abs=0.01
    )


@given(linked_worlds())
def test_what_is_linked_shares_its_split_when_all_is_new(world) -> None:
    groups, near, _ = world
    result = assign(groups, near, {})
    assert result.bridges == {}
    assert result.splits.keys() == groups.keys()
    assert all(result.splits[one] == result.splits[other] for one, other in links(groups, near))


@given(linked_worlds())
def test_a_cluster_has_the_split_of_its_smallest_id_or_that_ones_group(world) -> None:
    groups, near, _ = world
    result = assign(groups, near, {})
    joined = links(groups, near)
    for item in groups:
        reached = {item}
        while more := {x for pair in joined if reached & set(pair) for x in pair} - reached:
            reached |= more
        first = min(reached)
        assert result.splits[item] == split_of(groups[first] or first)


@given(linked_worlds())
def test_adding_items_never_moves_old_ones(world) -> None:
    groups, near, before = world
    old = assign(*inside(groups, near, before), {}).splits
    result = assign(groups, near, old)
    assert {item: result.splits[item] for item in old} == old
    assert result.splits.keys() | result.bridges.keys() == groups.keys()
    assert not result.splits.keys() & result.bridges.keys()


@given(linked_worlds())
def test_a_new_item_shares_the_split_of_all_that_it_is_linked_to_or_is_rejected(world) -> None:
    groups, near, before = world
    old = assign(*inside(groups, near, before), {}).splits
    result = assign(groups, near, old)
    for one, other in links(groups, near):
        if {one, other} <= result.splits.keys() and not {one, other} <= old.keys():
            assert result.splits[one] == result.splits[other]
    for item, splits in result.bridges.items():
        around = {result.splits.get(b if a == item else a) for a, b in links(groups, near) if item in (a, b)}
        assert len(splits) > 1
        assert set(splits) <= around


@given(linked_worlds())
def test_adding_the_same_items_again_changes_nothing(world) -> None:
    groups, near, _ = world
    first = assign(groups, near, {}).splits
    assert assign(groups, near, first).splits == first


def test_a_bridge_is_rejected_and_what_hung_on_it_is_free() -> None:
    groups = dict.fromkeys(["old_train", "old_test", "bridge", "leaf"])
    near = [("bridge", "old_train"), ("bridge", "old_test"), ("leaf", "bridge")]
    result = assign(groups, near, {"old_train": "train", "old_test": "test"})
    assert result.bridges == {"bridge": ["test", "train"]}
    assert result.splits["leaf"] == split_of("leaf")


def test_a_replaced_picture_keeps_its_split_unless_it_now_belongs_to_another() -> None:
    groups = dict.fromkeys(["kept", "moved", "old"])
    result = assign(groups, [("moved", "old")], {"old": "test"}, {"kept": "validation", "moved": "train"})
    assert result.splits == {"old": "test", "kept": "validation"}
    assert result.bridges == {"moved": ["test", "train"]}


@pytest.mark.parametrize(
    ("item", "pattern", "group"),
    [
        ("Abyssinian_12", r"^(.*)_\d+$", "Abyssinian"),
        ("patient7/slice3", "^([^/]+)/", "patient7"),
        ("slice3", "^([^/]+)/", None),
        ("slice3", None, None),
        ("slice3", "", None),
    ],
)
def test_the_group_is_the_first_capture(item: str, pattern: str | None, group: str | None) -> None:
    assert group_of(item, pattern) == group


@pytest.mark.parametrize(
    ("pattern", "message"), [("(", "no regular expression"), ("abc", "captures nothing")]
)
def test_a_wrong_pattern_is_one_line(pattern: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        group_of("a", pattern)
