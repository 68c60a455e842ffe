"""Labels that were changed are named; those that were not are named as rarely as is promised."""

import numpy as np
import pytest

from pylib.review.checks.labels import ALPHA, contradictions, excess
from pylib.review.checks.material import Features

CLASSES, WIDTH = 3, 12


def features(random, old=400, new=120, flipped=0.0):
    """Points around three centres, a share of the new ones with another's label."""
    centres = np.random.default_rng(5).normal(0, 2, (CLASSES, WIDTH))
    targets = random.integers(0, CLASSES, old + new)
    points = (centres[targets] + random.normal(0, 1, (old + new, WIDTH))).astype(np.float32)
    labels = targets[old:].copy()
    labels[: round(flipped * new)] = (labels[: round(flipped * new)] + 1) % CLASSES
    return Features(
        old=points[:old],
        old_targets=targets[:old],
        new=points[old:],
        new_targets=labels,
        ids=[f"a/{number}" for number in range(new)],
        classes=list("abc"),
    )


def test_a_twentieth_of_labels_changed_is_noticed_and_lies_apart():
    made = features(np.random.default_rng(0), flipped=0.05)
    said = contradictions(made)
    assert excess(said.new, said.old) < ALPHA
    assert (said.counted[:6] != made.new_targets[:6]).all()
    assert (said.new[:6] > said.new[6:].max()).all()
    assert ((said.counted[6:] == made.new_targets[6:]) | (said.counted[6:] < 0)).all()


def test_clean_batches_are_named_no_more_often_than_promised():
    drawn = [contradictions(features(np.random.default_rng(seed))) for seed in range(40)]
    assert sum(excess(said.new, said.old) < ALPHA for said in drawn) <= 2


@pytest.mark.parametrize("kept", [[0], [0, 1]])
def test_of_a_class_that_has_no_old_image_nothing_is_said(kept):
    made = features(np.random.default_rng(0))
    there = np.isin(made.old_targets, kept)
    lacking = made.__class__(
        made.old[there], made.old_targets[there], made.new, made.new_targets, made.ids, made.classes
    )
    assert contradictions(lacking) is None
