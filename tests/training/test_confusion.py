"""Confusion matrices counted in TensorFlow are those that numpy counts."""

import numpy as np
import pytest
import tensorflow as tf

from pylib.evaluation import confusion
from pylib.training.confusion import confusion_matrix


@pytest.mark.parametrize("shape", [(6,), (6, 8, 8)])  # a label an image, a class a pixel
def test_what_tensorflow_counts_is_what_numpy_counts(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(1)
    truth = random.integers(0, 3, shape, dtype=np.uint8)
    scores = random.normal(size=(*shape, 3)).astype(np.float32)
    parts = [confusion_matrix(truth[i : i + 4], tf.constant(scores[i : i + 4])).numpy() for i in (0, 4)]
    np.testing.assert_array_equal(sum(parts), confusion.confusion_matrix(truth, scores.argmax(-1), 3))
