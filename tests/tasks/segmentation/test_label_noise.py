"""Masks that may be wrong: one that says something else where the model is sure comes first."""

import numpy as np
import pytest

from pylib.tasks.segmentation import judgement
from pylib.tasks.segmentation.label_noise import label_quality, low_outliers


def test_the_quality_is_the_softmin_of_what_is_said_of_the_labels() -> None:
    said = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    of_truth = np.array([0.9, 0.8, 0.4])
    weights = np.exp((1 - of_truth) / 0.1)
    expected = (of_truth * weights).sum() / weights.sum()
    assert label_quality(said, np.array([0, 1, 1])) == pytest.approx(expected)
    assert label_quality(np.zeros((0, 2)), np.zeros(0, int)) == 1.0


def test_only_what_is_out_of_the_ordinary_is_suspect() -> None:
    assert low_outliers([0.9, 0.91, 0.92, 0.9, 0.93, 0.91, 0.2, 0.9, 0.92, 0.1]) == [9, 6]
    assert low_outliers([0.9] * 20) == []
    assert low_outliers([0.9, 0.1]) == []


def test_a_mask_with_a_region_drawn_as_another_class_is_named_first() -> None:
    random = np.random.default_rng(0)
    truths = random.integers(0, 2, (20, 16, 16), dtype=np.uint8)
    sure = random.uniform(0.85, 0.99, truths.shape)
    outputs = np.where(np.eye(2)[truths] == 1, sure[..., None], 1 - sure[..., None])
    labels = truths.copy()
    labels[13, :4, :4] = 1 - labels[13, :4, :4]
    seen = judgement.accumulator(["a", "b"], [f"image {n}" for n in range(20)])
    seen.add(labels, outputs, outputs)
    assert [suspect.id for suspect in seen.details().suspects] == ["image 13"]
    shown = seen.panels(np.zeros((20, 16, 16, 3), np.uint8), labels)["suspects"]
    assert [panel["wrong_share"] for panel in shown] == [16 / 256]
