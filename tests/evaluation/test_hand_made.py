"""Three hand-made models, perfect, constant and random: every figure is the one that a hand computes."""

import numpy as np
import pytest

from pylib.data.shards import ArraySpec, ShardIndex, ShardItem, Split
from pylib.evaluation.champion import Comparison
from pylib.evaluation.gate import Gate, decide, decide_again
from pylib.evaluation.judged_split import JudgedSplit
from pylib.evaluation.record import Evaluation

N = 30
RIGHT = np.arange(N) % 2 == 1
"""What the random model gets right: every other image, five of each third by brightness."""
GATE = {
    "{score}": {"minimum": 0.3},
    "{score}.lower": {"minimum": 0.3},
    "expected_calibration_error": {"maximum": 0.2},
    "expected_calibration_error.upper": {"maximum": 0.3},
    "calibration_gain": {"minimum": 0.0},
    "slices": {"minimum": 0.3},
    "slices.brightness.dark": {"minimum": 0.3},
    "slices.camera.old": {"minimum": 0.3},
    "slices.camera.lower": {"minimum": 0.3},
    "served.difference.upper": {"minimum": 0.0},
}


def split(task: str, targets: np.ndarray) -> JudgedSplit:
    """30 images, each brighter than the one before; the first three by an old camera."""
    items = [
        ShardItem(
            id=f"image_{place:02}",
            image_sha256="0" * 64,
            target_sha256="0" * 64,
            columns={"camera": "old" if place < 3 else "new"},
        )
        for place in range(N)
    ]
    inputs = np.broadcast_to(np.arange(0, 8 * N, 8, dtype=np.uint8)[:, None, None, None], (N, 2, 2, 3))
    index = ShardIndex(
        task=task,
        name="made",
        classes=["a", "b"],
        inputs=ArraySpec(dtype="uint8", shape=(2, 2, 3)),
        targets=ArraySpec(dtype=str(targets.dtype), shape=targets.shape[1:]),
        splits={"test": Split(items=items, shards=[])},
    )
    return JudgedSplit(index, inputs, targets)


def evaluated(
    test: JudgedSplit, said: np.ndarray, without: np.ndarray, beside: tuple[float, float, float]
) -> Evaluation:
    """The evaluation of a model of these answers; `without` are those without its calibration."""
    seen = test.seen()
    for part in (slice(0, 16), slice(16, N)):
        seen.add(test.targets[part], said[part], said[part], without[part])
    score = test.task.judgement.SCORE
    ours, low, high = beside
    known = {"champion": "b" * 64, "score": score, "items": N, "better": False, "reason": ""}
    served = Comparison(**known, ours=ours, theirs=0, low=low, high=high)
    found = test.measured("a" * 64, seen, served)
    gate = Gate.model_validate({name.format(score=score): limit for name, limit in GATE.items()})
    return Evaluation(**dict(found), gate=decide(gate, found))


def one_hot(classes: np.ndarray, sure: float = 1.0) -> np.ndarray:
    """Probabilities [...,2] of class indices, each said with that confidence."""
    return np.where(np.eye(2)[classes] == 1, sure, 1 - sure)


MASKS = np.broadcast_to(np.array([[0, 1], [1, 1]], np.uint8), (N, 2, 2))
SEGMENTATION = split("segmentation", MASKS)
LABELS = np.array([0, 1, 1] * 10, np.int64)
CLASSIFICATION = split("classification", LABELS)


def verdicts(found: Evaluation) -> dict[str, bool]:
    return {check.metric: check.passed for check in found.gate.checks}


def values(found: Evaluation) -> dict[str, float | None]:
    return {check.metric: check.value for check in found.gate.checks}


def by_slice(found: Evaluation) -> dict[str, tuple[int, bool, float | None]]:
    return {f"{each.column} {each.value}": (each.items, each.small, each.score) for each in found.slices}


@pytest.mark.parametrize(("test", "truth"), [(SEGMENTATION, MASKS), (CLASSIFICATION, LABELS)])
def test_a_perfect_model(test: JudgedSplit, truth: np.ndarray) -> None:
    found = evaluated(test, one_hot(truth), one_hot(truth, 0.9), (1.0, 0.5, 0.7))
    errors = {name: value for name, value in found.metrics.items() if name == "expected_calibration_error"}
    assert set(errors.values()) == {0}
    assert {value for name, value in found.metrics.items() if name not in errors} == {1}
    for name, each in found.details["intervals"].items():
        assert (each["lower"], each["upper"]) == ((0, 0) if name in errors else (1, 1))
    assert by_slice(found) == {
        **{f"brightness {name}": (10, False, 1) for name in ("dark", "medium", "bright")},
        "camera new": (27, False, 1),
        "camera old": (3, True, 1),
    }
    assert {(each.lower, each.upper) for each in found.slices} == {(1, 1)}
    assert values(found)["calibration_gain"] == pytest.approx(0.1)
    assert found.gate.passed
    assert found.details["suspects"] == []


def test_a_constant_segmentation() -> None:
    """Always b, at 3 to 1, which is what b's share of the pixels is: so its confidence is deserved."""
    said = np.broadcast_to([0.25, 0.75], (N, 2, 2, 2))
    found = evaluated(SEGMENTATION, said, said, (0.0, -0.2, -0.1))
    expected = {
        "mean_iou": 3 / 8,
        "f1": 3 / 7,
        "precision": 3 / 8,
        "recall": 1 / 2,
        "pixel_accuracy": 3 / 4,
        "expected_calibration_error": 0,
    }
    assert found.metrics == pytest.approx(expected)
    for name, value in expected.items():
        each = found.details["intervals"][name]
        assert (each["lower"], each["upper"]) == pytest.approx((value, value))
    assert {each.score for each in found.slices} == {3 / 8}
    assert [name for name, passed in verdicts(found).items() if not passed] == ["served.difference.upper"]
    assert values(found)["served.difference.upper"] == -0.1


def test_a_random_segmentation() -> None:
    """Half of the images right, half with a and b exchanged, all at 0.9; of k right of 30, class a has an

    IoU of k / (120 - 3k) and b of 3k / (120 - k); 10 and 20 are the quantiles of Binomial(30, 1/2).
    """
    decided = np.where(RIGHT[:, None, None], MASKS, 1 - MASKS)
    found = evaluated(SEGMENTATION, one_hot(decided, 0.9), one_hot(decided), (0, 0, 0))

    def mean_iou(right: int) -> float:
        return (right / (120 - 3 * right) + 3 * right / (120 - right)) / 2

    assert found.metrics["mean_iou"] == pytest.approx(mean_iou(15)) == pytest.approx(11 / 35)
    assert found.metrics["pixel_accuracy"] == 0.5
    assert found.metrics["expected_calibration_error"] == pytest.approx(0.4)
    assert values(found)["calibration_gain"] == pytest.approx(0.1)
    bounds = found.details["intervals"]["mean_iou"]
    assert (bounds["lower"], bounds["upper"]) == pytest.approx((mean_iou(10), mean_iou(20)))
    bounds = found.details["intervals"]["expected_calibration_error"]
    assert (bounds["lower"], bounds["upper"]) == pytest.approx((0.9 - 20 / 30, 0.9 - 10 / 30))
    thirds = [each.score for each in found.slices if each.column == "brightness"]
    assert thirds == pytest.approx([11 / 35] * 3)
    assert by_slice(found)["camera old"] == (3, True, pytest.approx((1 / 9 + 3 / 11) / 2))
    assert [name for name, passed in verdicts(found).items() if not passed] == [
        "mean_iou.lower",
        "expected_calibration_error",
        "expected_calibration_error.upper",
        "slices.camera.old",
        "slices.camera.lower",
    ]


def test_a_constant_classification() -> None:
    """Always b, at 2 to 1, its share of the images: F1 of b 2·20/(30+20), of a 0."""
    said = np.broadcast_to([1 / 3, 2 / 3], (N, 2))
    found = evaluated(CLASSIFICATION, said, said, (0.0, -0.1, 0.1))
    assert found.metrics == pytest.approx(
        {
            "accuracy": 2 / 3,
            "macro_f1": 0.4,
            "weighted_f1": 0.8 * 2 / 3,
            "precision": 1 / 3,
            "recall": 0.5,
            "expected_calibration_error": 0,
            "answered": 1,
            "precision_answered": 2 / 3,
            "roc_auc": 0.5,
            "average_precision": 2 / 3,
        }
    )
    old = 2 * 2 / (3 + 2) / 2
    assert by_slice(found)["camera old"] == (3, True, pytest.approx(old))
    assert by_slice(found)["brightness dark"] == (10, False, pytest.approx(12 / 16 / 2))
    bounds = found.details["intervals"]["accuracy"]
    assert (bounds["lower"], bounds["upper"]) == pytest.approx((0.5, 25 / 30))  # of Binomial(30, 2/3)


def test_a_random_classification() -> None:
    """Right on every other image, at 0.9: 5 of 10 a and 10 of 20 b, so F1 of a 2·5/25, of b 2·10/35."""
    said = one_hot(np.where(RIGHT, LABELS, 1 - LABELS), 0.9)
    found = evaluated(CLASSIFICATION, said, said, (0.0, -0.1, 0.1))
    assert found.metrics["accuracy"] == 0.5
    assert found.metrics["macro_f1"] == pytest.approx((2 / 5 + 4 / 7) / 2)
    assert found.metrics["expected_calibration_error"] == pytest.approx(0.4)
    assert found.metrics["roc_auc"] == pytest.approx(0.5)
    bounds = found.details["intervals"]["accuracy"]
    assert (bounds["lower"], bounds["upper"]) == pytest.approx((10 / 30, 20 / 30))
    assert values(found)["calibration_gain"] == pytest.approx(0)


def test_a_verdict_is_not_believed_but_made_again() -> None:
    said = one_hot(np.where(RIGHT, LABELS, 1 - LABELS), 0.9)
    found = evaluated(CLASSIFICATION, said, said, (0.0, -0.3, -0.1))
    lies = [check.model_copy(update={"passed": True, "value": 1.0}) for check in found.gate.checks]
    forged = found.model_copy(update={"gate": found.gate.model_copy(update={"passed": True, "checks": lies})})
    assert decide_again(forged) == found.gate
    assert not decide_again(forged).passed


def test_where_nothing_is_served_nothing_is_asked_of_the_difference() -> None:
    seen = CLASSIFICATION.seen()
    seen.add(LABELS, one_hot(LABELS), one_hot(LABELS))
    found = CLASSIFICATION.measured("a" * 64, seen)
    decided = decide(Gate.model_validate({"served.difference.lower": {"minimum": 0}}), found)
    assert decided.passed
    assert str(decided.checks[0]) == "served.difference.lower compared with no model (≥ 0)"


def test_a_model_that_cannot_be_compared_with_the_served_one_does_not_pass() -> None:
    seen = CLASSIFICATION.seen()
    seen.add(LABELS, one_hot(LABELS), one_hot(LABELS))
    lost = Comparison(champion="b" * 64, score="macro_f1", items=N, better=False, reason="it is gone")
    found = CLASSIFICATION.measured("a" * 64, seen, lost)
    assert not decide(Gate.model_validate({"served.difference.lower": {"minimum": 0}}), found).passed
