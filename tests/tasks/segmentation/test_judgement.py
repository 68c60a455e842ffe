"""The judgement of a segmentation: counts over batches, the images to look at, the page."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.evaluation.calibration import reliability
from pylib.evaluation.class_metrics import ClassMetrics, bins
from pylib.evaluation.confusion import confusion_matrix, mean_iou
from pylib.evaluation.record import Evaluation, GateResult
from pylib.evaluation.report import render
from pylib.tasks.segmentation import judgement
from pylib.tasks.segmentation.details import Details, Example
from pylib.tasks.segmentation.panels import Panel, context
from tests.evaluation.pages import check_page

CLASSES = ["object", "background", "border"]


def answers(images: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(images)
    raw = random.random((images, 8, 8, 3)).astype(np.float32)
    return random.integers(0, 3, (images, 8, 8), dtype=np.uint8), raw / raw.sum(axis=-1, keepdims=True)


@given(st.integers(1, 7))
def test_batches_of_any_size_measure_the_same(size):
    truth, outputs = answers(7)
    whole, parts = (judgement.accumulator(CLASSES, [str(n) for n in range(7)]) for _ in range(2))
    whole.add(truth, outputs, outputs)
    for start in range(0, 7, size):
        part = slice(start, start + size)
        parts.add(truth[part], outputs[part], outputs[part])
    assert parts.metrics() == pytest.approx(whole.metrics())
    assert parts.parity() == whole.parity() == {"same_class_share": 1, "max_probability_difference": 0}
    assert parts.details().confusion == confusion_matrix(truth, outputs.argmax(-1), 3).tolist()
    assert parts.details().examples == whole.details().examples
    assert judgement.SCORE in parts.metrics()


def test_every_metric_is_one_that_a_gate_may_ask_for():
    seen = judgement.accumulator(CLASSES, ["a", "b"])
    seen.add(*answers(2), answers(2)[1])
    assert set(seen.metrics()) | {f"parity.{name}" for name in seen.parity()} <= set(judgement.METRICS)


@pytest.mark.parametrize("images", [1, 2, 5, 9, 30])
def test_examples_are_distinct_and_in_order(images):
    hits = np.random.default_rng(images).permutation(images)
    confusions = np.array([[[hit, images - hit], [0, 5]] for hit in hits])
    seen = judgement.accumulator(["a", "b"], [f"image_{n}" for n in range(images)])
    seen.confusions = list(confusions)
    chosen = seen.examples()
    scores = [mean_iou(confusion) for confusion in confusions]
    assert len({place for place, _ in chosen}) == len(chosen) == min(images, 9)
    assert [example.mean_iou for _, example in chosen] == sorted((scores[p] for p, _ in chosen), reverse=True)
    assert all(example.id == f"image_{place}" for place, example in chosen)
    assert chosen[0][1].mean_iou == max(scores)
    assert chosen[-1][1].mean_iou == min(scores)
    ranks = [example.rank for _, example in chosen]
    assert ranks == sorted(ranks)  # best, median, worst


def test_the_page_of_many_classes_with_hostile_and_absent_names():
    names = ["<script>", "a very long name of a class", *(f"class {number}" for number in range(19))]
    scores = ClassMetrics(iou=0.5, f1=0.5, precision=0.5, recall=0.5)
    absent = ClassMetrics(iou=None, f1=None, precision=None, recall=None)
    details = Details(
        classes=names,
        confusion=np.diag([0, *range(1, 21)]).tolist(),
        per_class=dict.fromkeys(names, scores) | {"<script>": absent},
        reliability=bins(reliability(np.eye(21), np.zeros(21, int))),
        examples=[Example(id="one", rank="best", mean_iou=0.5)],
    )
    evaluation = Evaluation(
        task="segmentation",
        model_digest="a" * 64,
        dataset="<b>",
        items=1,
        score="mean_iou",
        metrics={"mean_iou": 0.5, "expected_calibration_error": 0.1},
        parity={"same_class_share": 1.0, "max_probability_difference": 0.0},
        details=details.model_dump(mode="json"),
        gate=GateResult(passed=False, checks=[]),
    )
    mask = np.arange(256 * 256, dtype=np.uint32).reshape(256, 256).astype(np.uint8) % 21
    pixels = np.repeat(mask[..., np.newaxis], 3, axis=-1)
    shown = context(details, [Panel(details.examples[0], pixels, mask, mask)])
    page = render(evaluation, shown)
    assert not {"<script>", "<b>"} & set(re.findall(r"<[a-z]+>", page))
    assert page == render(evaluation, shown)
    check_page(page, evaluation)
