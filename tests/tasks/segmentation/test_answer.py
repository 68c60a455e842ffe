"""An answer of segmentation: what is sent, what a client reads of it, and its picture."""

import base64
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pylib.data.images import encode_png
from pylib.errors import DataError
from pylib.palette import class_rgb
from pylib.tasks import task

SEGMENTATION = task.find("segmentation").answer
CLASSES = ["object", "background", "border"]


def outputs(seed: int = 0, side: int = 8) -> dict[str, np.ndarray]:
    """Probabilities [S,S,C] as a model gives them."""
    scores = np.random.default_rng(seed).random((side, side, len(CLASSES))).astype(np.float32)
    return {"probabilities": scores / scores.sum(-1, keepdims=True)}


def test_the_wire_form_is_what_it_was_before_there_were_tasks() -> None:
    given = outputs()
    sent = SEGMENTATION.answer(given, np.zeros((8, 8, 3), np.uint8), CLASSES)
    mask = given["probabilities"].argmax(-1).astype(np.uint8)
    expected = {
        "mask_png": base64.b64encode(encode_png(mask, fast=True)).decode(),
        "classes": CLASSES,
        "class_shares": {name: float(np.mean(mask == i)) for i, name in enumerate(CLASSES)},
        "mean_confidence": float(given["probabilities"].max(-1).mean()),
        "width": 8,
        "height": 8,
    }
    assert json.dumps(sent) == json.dumps(expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 9))
def test_what_is_sent_is_read_back(height: int, width: int, seed: int) -> None:
    sent = json.loads(json.dumps(SEGMENTATION.answer(outputs(seed), np.zeros((height, width, 3)), CLASSES)))
    read = SEGMENTATION.read(sent)
    assert read.mask.shape == (height, width)
    assert sum(read.class_shares.values()) == pytest.approx(1)
    assert read.class_shares == {name: np.mean(read.mask == i) for i, name in enumerate(CLASSES)}
    kept = {"width": width, "height": height, **SEGMENTATION.summary(sent)}
    assert SEGMENTATION.figures(read) == kept
    assert [name for name, _ in SEGMENTATION.lines(read)][:3] == CLASSES
    assert SEGMENTATION.counters(sent)[0] == ("model_confidence", {}, read.mean_confidence)
    assert {
        labels["class"]: share for _, labels, share in SEGMENTATION.counters(sent)[1:]
    } == read.class_shares


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"mask_png": "QUJD"}, DataError),
        ({"class_shares": {}}, KeyError),
        ({"mean_confidence": "high"}, ValueError),
        ({"classes": 3}, TypeError),
    ],
)
def test_what_is_no_answer_is_refused(change: dict[str, object], error: type[Exception]) -> None:
    sent = SEGMENTATION.answer(outputs(), np.zeros((4, 5, 3)), CLASSES)
    with pytest.raises(error):
        SEGMENTATION.read({**sent, **change})


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 12))
def test_the_picture_shows_every_pixel_and_class(height: int, width: int, classes: int) -> None:
    mask = (np.arange(height * width) % classes).astype(np.uint8).reshape(height, width)
    names = [f"class {i}" for i in range(classes)]
    answer = SEGMENTATION.read(
        {
            "mask_png": base64.b64encode(encode_png(mask, fast=True)).decode(),
            "classes": names,
            "class_shares": dict.fromkeys(names, 1 / classes),
            "mean_confidence": 1,
        }
    )
    picture = SEGMENTATION.picture(np.zeros((height, width, 3), np.uint8), answer)
    factor = picture.shape[1] // width
    assert picture.dtype == np.uint8
    assert picture.shape[1] == width * factor >= 320
    assert picture.shape[0] > height * factor
    shown = picture[: height * factor : factor, ::factor]
    colours = np.array([class_rgb(i) for i in range(classes)])
    np.testing.assert_array_equal(shown, np.rint(colours[mask] / 2))


def test_a_truth_is_a_mask_of_the_models_classes() -> None:
    png = encode_png(np.array([[0, 1], [2, 255]], np.uint8))
    kept = {"mask_png": base64.b64encode(png).decode()}
    assert SEGMENTATION.truth(png, CLASSES) == SEGMENTATION.truth(kept, CLASSES) == kept


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            encode_png(np.array([[0, 3]], np.uint8)),
            "has 3, which is no class.*: 0=object, 1=background, 2=bor",
        ),
        ({"mask_png": "!"}, "not base64"),
        ({}, "the truth is no mask"),
        ("cat", "not base64"),
        (b"no image", "not an image"),
    ],
)
def test_what_is_no_mask_is_refused(said: object, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        SEGMENTATION.truth(said, CLASSES)
