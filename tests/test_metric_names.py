"""The names of metrics as people read them."""

import pytest

from pylib.evaluation.gate import OF_EVERY_TASK
from pylib.metric_names import described, scored, title
from pylib.tasks.task import find


@pytest.mark.parametrize(
    ("metric", "read"), [("mean_iou", "mean IoU"), ("f1", "F1"), ("pixel_accuracy", "pixel accuracy")]
)
def test_acronyms_are_written_as_such(metric: str, read: str) -> None:
    assert title(metric) == read
    assert scored(f"{metric} 0.914") == f"{read} 0.914"


@pytest.mark.parametrize(
    ("metric", "read"),
    [
        ("mean_iou", "mean IoU"),
        ("mean_iou.lower", "mean IoU, lower bound"),
        ("expected_calibration_error.upper", "expected calibration error, upper bound"),
        ("per_class.iou.lower", "IoU of the worst class, lower bound"),
        ("per_class.my.own_class.f1", "F1 of my.own_class"),
        ("slices", "score of the worst slice"),
        ("slices.lower", "score of the worst slice, lower bound"),
        ("slices.camera", "worst score by camera"),
        ("slices.camera.a.b", "score where camera is a.b"),
        ("served.difference.upper", "score less that of the served model, upper bound"),
        ("robustness.pgd.4", "score under PGD, 4 of 255 a pixel"),
        ("robustness.blur", "mean score under blur"),
        ("robustness.blur.3", "score under blur of strength 3"),
    ],
)
def test_what_a_gate_calls_a_metric_is_told_in_words(metric: str, read: str) -> None:
    assert described(metric) == read


TASKS = ("segmentation", "classification")


def test_no_name_of_a_gate_is_shown_as_it_is() -> None:
    every = {*OF_EVERY_TASK, *(name for task in TASKS for name in find(task).judgement.METRICS)}
    told = [described(metric.replace("*", "a")) for metric in every]
    assert not [words for words in told if set("._") & set(words)]
    assert len(told) == len(set(told))
