"""The judgement of a classification: counts over batches, the images to look at, the page."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.errors import DataError
from pylib.evaluation.confusion import confusion_matrix
from pylib.evaluation.record import Evaluation, GateResult, Measurement
from pylib.evaluation.report import render
from pylib.tasks.classification import judgement
from pylib.tasks.classification.examples import Answers, chosen
from tests.evaluation.pages import _Tags

CLASSES = ["cat", "dog", "eel"]


def answers(images: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(images)
    raw = random.random((images, classes)).astype(np.float32)
    return random.integers(0, classes, images), raw / raw.sum(axis=-1, keepdims=True)


def judged(images: int, classes: list[str]) -> judgement.Accumulator:
    seen = judgement.accumulator(classes, [f"item_{number}" for number in range(images)])
    truth, outputs = answers(images, len(classes))
    seen.add(truth, outputs, outputs)
    return seen


@given(st.integers(1, 9))
def test_batches_of_any_size_measure_the_same(size: int) -> None:
    truth, outputs = answers(9)
    whole, parts = (judgement.accumulator(CLASSES, [str(n) for n in range(9)]) for _ in range(2))
    whole.add(truth, outputs, outputs)
    for start in range(0, 9, size):
        part = slice(start, start + size)
        parts.add(truth[part], outputs[part], outputs[part])
    assert parts.metrics() == pytest.approx(whole.metrics())
    assert parts.parity() == whole.parity() == {"same_class_share": 1, "max_probability_difference": 0}
    assert parts.details() == whole.details()
    assert parts.details().confusion == confusion_matrix(truth, outputs.argmax(-1), 3).tolist()


def test_metrics_of_a_hand_made_case() -> None:
    seen = judgement.accumulator(CLASSES, list("abcd"))
    outputs = np.array([[0.9, 0.1, 0], [0.6, 0.4, 0], [0.2, 0.8, 0], [0.3, 0.7, 0]])
    seen.add(np.array([0, 1, 1, 1]), outputs, outputs)
    assert seen.metrics() == pytest.approx(
        {
            "accuracy": 3 / 4,
            "macro_f1": (2 / 3 + 4 / 5) / 2,
            "weighted_f1": (2 / 3 + 3 * 4 / 5) / 4,
            "precision": (1 / 2 + 1) / 2,
            "recall": (1 + 2 / 3) / 2,
            "expected_calibration_error": (0.1 + 0.6 + 0.2 + 0.3) / 4,
            "answered": 1,
            "precision_answered": 3 / 4,
        }
    )
    assert [(one.id, one.rank, one.truth, one.prediction) for one in seen.details().examples] == [
        ("b", "confident", "dog", "cat"),
        ("d", "unsure", "dog", "dog"),
        ("c", "unsure", "dog", "dog"),
        ("a", "unsure", "cat", "cat"),
    ]


def test_of_many_classes_the_first_three_answers_are_judged_too() -> None:
    truth, outputs = answers(200, 7)
    top = np.mean([truth[n] in np.argsort(outputs[n])[-3:] for n in range(200)])
    assert judged(200, list("abcdefg")).metrics()["top_3_accuracy"] == pytest.approx(top)
    assert "top_3_accuracy" not in judged(9, CLASSES).metrics()


@pytest.mark.parametrize("classes", [list("ab"), list("abcdefg")])
def test_every_metric_is_one_that_a_gate_may_ask_for(classes: list[str]) -> None:
    seen = judged(30, classes)
    named = {*seen.metrics(), *(f"parity.{name}" for name in seen.parity())}
    assert named <= set(judgement.METRICS)
    assert judgement.SCORE in named
    found = Measurement(
        task="classification",
        model_digest="a" * 64,
        dataset="x",
        items=30,
        score="macro_f1",
        metrics=seen.metrics(),
        parity=seen.parity(),
        details=seen.details().model_dump(mode="json"),
    )
    values = judgement.values(found)
    assert values["images"] == 30
    assert values["per_class.f1"] == min(values[f"per_class.{name}.f1"] for name in classes)


def test_an_export_that_says_something_else_is_no_release() -> None:
    seen = judgement.accumulator(CLASSES, ["a"])
    seen.add(np.array([0]), np.array([[0.5, 0.4, 0.1]]), np.array([[0.4, 0.5, 0.1]]))
    assert "0.0000% of the images agree" in judgement.difference(seen.parity())
    assert judgement.difference(judged(5, CLASSES).parity()) == ""


def test_nothing_to_judge_is_one_line() -> None:
    with pytest.raises(DataError, match="no image of the test split"):
        judgement.accumulator(CLASSES, []).metrics()


@pytest.mark.parametrize("images", [1, 2, 12, 80])
def test_examples_are_distinct_and_mistakes_come_first(images: int) -> None:
    truth, outputs = answers(images)
    found = chosen(Answers(truth, outputs), CLASSES, [str(n) for n in range(images)])
    places = [place for place, _ in found]
    assert len(set(places)) == len(places) <= 18
    wrong = [place for place, one in found if one.rank != "unsure"]
    assert places[: len(wrong)] == wrong
    assert all((truth[place] != outputs[place].argmax()) == (place in wrong) for place in places)
    confident = [one.confidence for _, one in found if one.rank == "confident"]
    assert confident == sorted(confident, reverse=True)
    if wrong:
        every = outputs.max(-1)[outputs.argmax(-1) != truth]
        assert confident[0] == pytest.approx(every.max())


def test_the_page_stands_alone_with_hostile_and_absent_names() -> None:
    names = ["<script>", "a very long name of a class", *(f"class {number}" for number in range(9))]
    seen = judged(40, names)
    evaluation = Evaluation(
        task="classification",
        model_digest="a" * 64,
        dataset="<b>",
        items=40,
        score="macro_f1",
        metrics=seen.metrics(),
        parity=seen.parity(),
        details=seen.details().model_dump(mode="json"),
        gate=GateResult(passed=False, checks=[]),
    )
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    page = render(evaluation, seen.panels(images, answers(40, 11)[0]))
    assert page == render(evaluation, seen.panels(images, answers(40, 11)[0]))
    assert '<link rel="icon" href="data:,">' in page  # else a browser asks for one, and a sandbox may not
    assert 'class="swatch"' not in page  # a label is not drawn: a colour might contradict its name
    assert not {"<script>", "<b>"} & set(re.findall(r"<[a-z]+>", page))
    assert not re.search(r"""(?:src|href)=["'](?!data:)|url\(|@import""", page)
    details = seen.details()
    assert page.count("data:image/png;base64,") == len(details.examples) + min(len(details.suspects), 12)
    assert all(example.id in page for example in seen.details().examples)
    assert {"Confusion matrix", "Reliability: is the confidence deserved?"} <= set(
        re.findall(r"<h2>(.*?)</h2>", page)
    )
    parser = _Tags()
    parser.feed(page)
    assert parser.open == []
