import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.data.dataset import DatasetIndex, Item, MaskTarget
from pylib.errors import ConfigurationError
from pylib.tasks.segmentation.checks import DEFAULT_CLASSES
from pylib.tasks.segmentation.records import check_image_size, class_lookup, natural_size


def index(sizes):
    items = [
        Item(
            id=f"{number:04}",
            image=f"images/{number:04}.jpg",
            target=MaskTarget(file=f"masks/{number:04}.png", sha256="0" * 64),
            image_sha256="0" * 64,
            width=width,
            height=height,
            phash="0" * 16,
            group=None,
            split="train",
        )
        for number, (width, height) in enumerate(sizes)
    ]
    return DatasetIndex(task="segmentation", name="x", classes=DEFAULT_CLASSES, items=items)


@pytest.mark.parametrize(
    ("sizes", "side"),
    [([(96, 96)], 96), ([(500, 160), (190, 333)], 160), ([(70, 90)], 64), ([(20, 900)], 32)],
)
def test_images_are_learned_from_at_their_own_size_within_reason(sizes, side):
    assert natural_size(index(sizes)) == side


@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 5000)), min_size=1, max_size=5))
def test_the_side_always_fits_the_network(sizes):
    side = natural_size(index(sizes))
    assert side % 32 == 0
    assert 32 <= side <= 160


@pytest.mark.parametrize("side", [1, 33, 100, -32])
def test_a_side_that_cannot_be_halved_five_times_is_refused(side):
    with pytest.raises(ConfigurationError, match=f"image_size={side}: .*multiple of 32"):
        check_image_size(side)


def test_a_side_that_no_memory_holds_is_refused() -> None:
    check_image_size(1024)
    with pytest.raises(ConfigurationError, match=r"image_size=1056: memory grows .* give at most 1024$"):
        check_image_size(1056)


def test_ids_map_to_positions_among_the_sorted_ids() -> None:
    lookup = class_lookup({7: "road", 0: "sky", 255: "void"})
    assert lookup[[0, 7, 255, 1]].tolist() == [0, 1, 2, -1]


def test_ids_that_are_ignored_take_no_position() -> None:
    lookup = class_lookup({7: "road", 200: "sky"}, [0, 255])
    assert lookup[[0, 7, 200, 255, 1]].tolist() == [255, 0, 1, 255, -1]
