"""An answer of classification: what is sent, what a client reads of it, and its picture."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pylib.errors import DataError
from pylib.tasks import task

CLASSIFICATION = task.find("classification").answer
CLASSES = ["cat", "dog", "éel"]
OUTPUTS = {"probabilities": np.array([0.25, 0.625, 0.125], np.float32)}


def sent(classes: list[str] = CLASSES, outputs: dict[str, np.ndarray] = OUTPUTS) -> dict[str, object]:
    return json.loads(json.dumps(CLASSIFICATION.answer(outputs, np.zeros((4, 5, 3), np.uint8), classes)))


def test_the_wire_form() -> None:
    assert sent() == {
        "classes": CLASSES,
        "probabilities": {"cat": 0.25, "dog": 0.625, "éel": 0.125},
        "label": "dog",
        "confidence": 0.625,
        "unsure": False,
    }


@pytest.mark.parametrize(("threshold", "unsure"), [(0.0, False), (0.625, False), (0.63, True), (1.0, True)])
def test_an_answer_below_the_models_threshold_is_unsure(threshold: float, unsure: bool) -> None:
    answer = CLASSIFICATION.answer(OUTPUTS, np.zeros((4, 5, 3), np.uint8), CLASSES, threshold)
    read = CLASSIFICATION.read(json.loads(json.dumps(answer)))
    assert (answer["unsure"], read.unsure) == (unsure, unsure)
    assert ("unsure" in CLASSIFICATION.lines(read)[0][1]) == unsure
    assert CLASSIFICATION.counters(answer)[1] == ("model_unsure", {}, float(unsure))


def test_at_a_threshold_of_one_even_certainty_is_unsure() -> None:
    certain = {"probabilities": np.array([1, 0, 0], np.float32)}
    assert CLASSIFICATION.answer(certain, np.zeros((4, 5, 3), np.uint8), CLASSES, 1.0)["unsure"]


def test_as_a_row_of_numbers_it_is_the_probability_of_each_class() -> None:
    assert CLASSIFICATION.numbers(sent()) == (CLASSES, [0.25, 0.625, 0.125])


@given(st.integers(2, 30), st.integers(0, 9))
def test_what_is_sent_is_read_back(classes: int, seed: int) -> None:
    names = [f"class {number}" for number in range(classes)]
    raw = np.random.default_rng(seed).random(classes).astype(np.float32)
    answer = sent(names, {"probabilities": raw / raw.sum()})
    read = CLASSIFICATION.read(answer)
    assert read.label == names[raw.argmax()]
    assert read.confidence == max(read.probabilities.values())
    assert [*read.probabilities] == names
    assert sum(read.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert CLASSIFICATION.figures(read) == CLASSIFICATION.summary(answer)
    assert CLASSIFICATION.lines(read)[0] == ("label", f"{read.label} ({read.confidence:.1%})")
    assert CLASSIFICATION.lines(read)[1][0] == read.label
    assert {name for name, _ in CLASSIFICATION.lines(read)[1:]} == {*names}


def test_counters_sum_confidence_and_count_labels() -> None:
    assert CLASSIFICATION.counters(sent()) == [
        ("model_confidence", {}, 0.625),
        ("model_unsure", {}, 0.0),
        ("model_label", {"class": "dog"}, 1),
    ]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"label": "fox"}, DataError),
        ({"probabilities": {}}, KeyError),
        ({"confidence": "high"}, ValueError),
        ({"classes": 3}, TypeError),
    ],
)
def test_what_is_no_answer_is_refused(change: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        CLASSIFICATION.read({**sent(), **change})


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(2, 12))
def test_the_picture_shows_the_image_its_label_and_the_likeliest(
    height: int, width: int, classes: int
) -> None:
    names = [f"class {number}" for number in range(classes)]
    raw = np.linspace(1, 2, classes).astype(np.float32)
    answer = CLASSIFICATION.read(sent(names, {"probabilities": raw / raw.sum()}))
    image = np.full((height, width, 3), 7, np.uint8)
    picture = CLASSIFICATION.picture(image, answer)
    factor = picture.shape[1] // width
    assert picture.dtype == np.uint8
    assert picture.shape[1] == width * factor >= 320
    assert picture.shape[0] == height * factor + 22 * min(classes, 5) + 8
    assert len(set(picture[0, 0].tolist())) == 1  # grey: no colour contradicts a class named by another
    assert (picture[: height * factor, -1] == 7).all()


@pytest.mark.parametrize("said", ["éel", {"label": "éel"}])
def test_a_truth_is_a_class_name(said: object) -> None:
    assert CLASSIFICATION.truth(said, CLASSES) == {"label": "éel"}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("eel", r"the truth 'eel' is no class of this model, which knows cat, dog, éel$"),
        (2, "the truth is no class name"),
        ({"name": "cat"}, "the truth is no class name"),
    ],
)
def test_what_is_no_class_is_refused(said: object, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        CLASSIFICATION.truth(said, CLASSES)


def test_of_many_classes_the_first_are_named() -> None:
    with pytest.raises(DataError, match=r"n99 and 20 more$"):
        CLASSIFICATION.truth("x", [f"n{number}" for number in range(120)])
