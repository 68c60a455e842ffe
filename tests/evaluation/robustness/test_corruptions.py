"""Corruptions: the same again, in range, worse with strength; masks go where their pixels go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pylib.evaluation.robustness.corruptions import corrupted
from pylib.evaluation.robustness.record import CORRUPTIONS, STRENGTHS

SMOOTH = np.stack(np.meshgrid(*[np.linspace(40, 200, 64)] * 2), axis=-1)
IMAGE = np.concatenate([SMOOTH, np.full((64, 64, 1), 90)], axis=-1).astype(np.uint8)
IMAGE[20:40, 24:36] = (220, 30, 60)
MASK = np.ones((64, 64), np.uint8)
MASK[20:40, 24:36] = 0
MASK[:3] = 255


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(CORRUPTIONS), st.sampled_from(STRENGTHS), st.integers(0, 9))
def test_shapes_and_classes_stay_and_the_same_gives_the_same(kind: str, strength: int, seed: int) -> None:
    found = corrupted(kind, strength, IMAGE, MASK, seed)
    assert (found.image.shape, found.image.dtype) == (IMAGE.shape, np.uint8)
    assert (found.mask.shape, found.mask.dtype) == (MASK.shape, np.uint8)
    assert set(np.unique(found.mask)) <= {0, 1, 255}
    again = corrupted(kind, strength, IMAGE, MASK, seed)
    assert (again.image == found.image).all()
    assert (again.mask == found.mask).all()
    assert corrupted(kind, strength, IMAGE, None).mask is None


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_more_strength_leaves_less_of_the_image(kind: str) -> None:
    changes = [
        np.abs(corrupted(kind, each, IMAGE, None).image.astype(int) - IMAGE).mean() for each in STRENGTHS
    ]
    assert changes == sorted(changes)
    assert changes[0] > 0


def test_brightness_and_contrast_are_what_a_hand_computes() -> None:
    grey = np.full((4, 4, 3), 100, np.uint8)
    grey[:2] = 200
    assert np.unique(corrupted("brightness", 5, grey, None).image).tolist() == [round(176.5), 255]
    assert np.unique(corrupted("contrast", 2, grey, None).image).tolist() == [125, 175]


@pytest.mark.parametrize("kind", ["scale", "rotation"])
@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_mask_lies_where_its_object_lies(kind: str, strength: int) -> None:
    found = corrupted(kind, strength, IMAGE, MASK)
    red = (found.image[..., 0] > 200) & (found.image[..., 1] < 60)
    assert (found.mask[red] == 0).mean() > 0.98
    assert (red == (found.mask == 0)).mean() > 0.95


def test_other_corruptions_leave_masks_alone() -> None:
    for kind in set(CORRUPTIONS) - {"scale", "rotation"}:
        assert corrupted(kind, 3, IMAGE, MASK).mask is MASK
