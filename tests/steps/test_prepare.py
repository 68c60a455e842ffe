import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.data.dataset import TRIMAP, DatasetIndex, Item, MaskTarget
from pylib.errors import ProvenanceError
from pylib.steps.prepare import ingest_records, natural_size


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
    return DatasetIndex(task="segmentation", name="x", classes=TRIMAP, items=items)


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


def test_a_commit_made_by_hand_has_no_record_of_its_ingest():
    assert ingest_records("by hand", "x@y") == []


@pytest.mark.parametrize("description", ["{", json.dumps({"_type": "something else"})])
def test_a_damaged_record_is_said_in_one_line(description):
    with pytest.raises(ProvenanceError) as error:
        ingest_records(description, "x@y")
    assert "\n" not in str(error.value)
