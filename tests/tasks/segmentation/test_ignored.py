"""Pixels that are ignored: everything is as if they were not there, from the folder to the gate."""

import base64

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pylib.data.augmentation import item_seed
from pylib.data.images import decode_image
from pylib.errors import DataError
from pylib.evaluation.calibration import expected_calibration_error, reliability
from pylib.evaluation.confusion import confusion_matrix, mean_iou
from pylib.evaluation.pictures import ERROR
from pylib.palette import class_rgb
from pylib.tasks.segmentation import judgement
from pylib.tasks.segmentation.details import Details, Example
from pylib.tasks.segmentation.ignored import IGNORED, counted
from pylib.tasks.segmentation.objective import (
    augment,
    cross_entropy,
    jaccard_distance,
    loss,
    measure,
    summary,
)
from pylib.tasks.segmentation.panels import Panel, context

SIDE, CLASSES = 6, ["background", "cat", "dog"]
TRUTHS = arrays(np.uint8, (3, SIDE, SIDE), elements=st.sampled_from([0, 1, 2, IGNORED]))


def logits(seed: int = 0, count: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 2, (count, SIDE, SIDE, 3)).astype(np.float32)


def kept(truth: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One image's pixels that count, as an image of one row."""
    counts = truth != IGNORED
    return truth[counts][np.newaxis, np.newaxis], scores[counts][np.newaxis, np.newaxis]


@settings(max_examples=60, deadline=None)
@given(TRUTHS)
def test_the_loss_is_that_of_the_pixels_that_count(truth: np.ndarray) -> None:
    scores = logits()
    for part in (cross_entropy, jaccard_distance, loss):
        whole = part(truth, scores).numpy()
        for image in range(3):
            if np.all(truth[image] == IGNORED):
                assert whole[image] == 0
            else:
                [alone] = part(*kept(truth[image], scores[image])).numpy()
                assert whole[image] == pytest.approx(alone, rel=1e-4, abs=1e-5)


def test_what_is_ignored_moves_nothing_and_leaves_numbers() -> None:
    truth = np.full((3, SIDE, SIDE), IGNORED, np.uint8)
    truth[0, :3] = 1
    scores = tf.Variable(logits() * 1000)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(loss(truth, scores))
    gradient = tape.gradient(total, scores).numpy()
    assert np.isfinite(total.numpy())
    assert np.isfinite(gradient).all()
    assert not gradient[truth == IGNORED].any()
    assert gradient[0, :3].any()


@settings(max_examples=60, deadline=None)
@given(TRUTHS)
def test_metrics_calibration_and_validation_are_those_of_the_pixels_that_count(truth: np.ndarray) -> None:
    truth[0, 0] = 1  # one that counts, at least
    scores = logits()
    outputs = tf.nn.softmax(scores).numpy()
    flat, decided = kept(truth, outputs)  # of all three
    expected = confusion_matrix(flat, decided.argmax(-1), 3)
    seen = judgement.accumulator(CLASSES, ["a", "b", "c"])
    seen.add(truth, outputs, outputs)
    assert seen.details().confusion == expected.tolist() == measure(truth, scores).numpy().tolist()
    assert seen.metrics()["mean_iou"] == summary(expected, CLASSES)["mean_iou"] == mean_iou(expected)
    error = expected_calibration_error(reliability(decided, flat))
    assert seen.metrics()["expected_calibration_error"] == pytest.approx(error)
    for place, example in seen.examples():
        flat, decided = kept(truth[place], outputs[place])
        assert example.mean_iou == mean_iou(confusion_matrix(flat, decided.argmax(-1), 3))
    unjudged = {place for place in range(3) if np.all(truth[place] == IGNORED)}
    assert {place for place, _ in seen.examples()} == {0, 1, 2} - unjudged
    assert seen.parity()["same_class_share"] == 1


def test_where_no_pixel_counts_there_are_no_metrics_to_be_had() -> None:
    truth, outputs = np.full((1, SIDE, SIDE), IGNORED, np.uint8), tf.nn.softmax(logits(count=1)).numpy()
    seen = judgement.accumulator(CLASSES, ["a"])
    seen.add(truth, outputs, outputs)
    assert seen.examples() == []
    with pytest.raises(DataError, match="no pixel of the test masks counts"):
        seen.metrics()
    with pytest.raises(DataError, match="no pixel of the validation masks counts"):
        summary(measure(truth, logits(count=1)).numpy(), CLASSES)


def test_of_256_classes_none_is_ignored() -> None:
    truth = np.full((1, SIDE, SIDE), 255, np.uint8)
    assert np.all(counted(truth, 256))
    sure = np.eye(256, dtype=np.float32)[truth] * 50
    assert loss(truth, sure).numpy() == pytest.approx(0, abs=1e-4)
    assert loss(truth, -sure).numpy() > 10


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_what_a_turn_brings_in_from_outside_is_ignored(item: int) -> None:
    truth = np.random.default_rng(0).integers(0, 3, (32, 32), dtype=np.uint8)
    image = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    seed = item_seed(0, tf.constant(0), tf.constant(item))
    mirrored = augment(tf.constant(image), tf.constant(truth), seed, 1.0)
    found = augment(tf.constant(image), tf.constant(truth), seed, 1.0, ignored=IGNORED)
    np.testing.assert_array_equal(found[0], mirrored[0])
    outside = found[1].numpy() == IGNORED
    np.testing.assert_array_equal(found[1].numpy()[~outside], mirrored[1].numpy()[~outside])
    assert not np.any(mirrored[1].numpy() == IGNORED)
    # Of a mask that is 1 all over, only what came from outside is anything else.
    whole = augment(tf.constant(image), tf.ones((32, 32), tf.uint8), seed, 1.0, ignored=IGNORED)[1].numpy()
    np.testing.assert_array_equal(whole == IGNORED, outside)
    assert set(np.unique(whole)) <= {1, IGNORED}


def test_augmentation_does_bring_something_in() -> None:
    seeds = [item_seed(0, tf.constant(0), tf.constant(item)) for item in range(20)]
    ones, image = tf.ones((32, 32), tf.uint8), tf.zeros((32, 32, 3), tf.uint8)
    moved = [augment(image, ones, seed, 1.0, ignored=IGNORED)[1].numpy() for seed in seeds]
    assert np.mean(np.stack(moved) == IGNORED) > 0.02


def pixels(uri: object) -> np.ndarray:
    """What a page shows."""
    return decode_image(base64.b64decode(str(uri).partition(",")[2]))


def test_a_picture_hatches_what_is_ignored_and_calls_none_of_it_wrong() -> None:
    truth = np.zeros((24, 24), np.uint8)
    truth[:, 12:] = IGNORED
    example = Example(id="one", rank="best", mean_iou=0.0)
    details = Details(classes=CLASSES, per_class={}, confusion=[], reliability=[], examples=[example])
    image = np.zeros((24, 24, 3), np.uint8)
    [found] = context(details, [Panel(example, image, truth, np.ones_like(truth))], 0.5)["panels"]
    assert found["wrong_share"] == 1.0
    true, errors = pixels(found["truth"]), pixels(found["errors"])
    assert np.all(true[:, :12] == class_rgb(0))
    assert np.all(errors[:, :12] == ERROR)
    for picture in (true, errors):
        hatch = picture[:, 12:]
        assert len(np.unique(hatch)) == 2
        assert np.all(hatch[..., 0] == hatch[..., 2])  # grey, as no class is but one
        assert not np.any(np.all(hatch == ERROR, axis=-1))
