"""What is measured of changed images, of models whose answers are known, and what gates ask of it."""

import numpy as np
import pytest

from pylib.data.shards import ArraySpec, ShardIndex, ShardItem, Split
from pylib.errors import ConfigurationError
from pylib.evaluation.gate import Gate, decide, read_gate
from pylib.evaluation.judged_split import JudgedSplit
from pylib.evaluation.robustness.measure import MOST, measured
from pylib.evaluation.robustness.record import NAMES
from pylib.tasks.task import find

SIDE = 16


def split(task: str, inputs: np.ndarray, targets: np.ndarray) -> JudgedSplit:
    zeros = "0" * 64
    items = [
        ShardItem(id=f"{place:03}", image_sha256=zeros, target_sha256=zeros) for place in range(len(inputs))
    ]
    index = ShardIndex(
        task=task,
        name="made",
        classes=["dark", "bright"],
        inputs=ArraySpec(dtype="uint8", shape=inputs.shape[1:]),
        targets=ArraySpec(dtype=str(targets.dtype), shape=targets.shape[1:]),
        splits={"test": Split(items=items, shards=[])},
    )
    return JudgedSplit(index, inputs, targets)


def whole_images(images: np.ndarray) -> np.ndarray:
    """Bright where the mean is above 126.5, as the steepest change of brightness goes."""
    bright = images.mean(axis=(1, 2, 3)) > 126.5
    return np.eye(2)[bright.astype(int)]


def pixels(images: np.ndarray) -> np.ndarray:
    return np.eye(2)[(images.mean(axis=-1) > 126.5).astype(int)]


def uphill(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The loss of dark ones rises with brightness, of bright ones with darkness."""
    signs = np.where(targets == 0, 1.0, -1.0).reshape(
        len(images), *targets.shape[1:], *[1] * (4 - targets.ndim)
    )
    return np.broadcast_to(signs, images.shape).astype(np.float32)


def labels() -> JudgedSplit:
    """20 images of one grey: ten 3 below the edge at 126.5 and ten 5.5 above it."""
    greys = np.where(np.arange(20) < 10, 124, 132)
    inputs = np.broadcast_to(greys[:, None, None, None], (20, SIDE, SIDE, 3)).astype(np.uint8)
    return split("classification", inputs, (np.arange(20) >= 10).astype(np.int64))


def test_an_attack_succeeds_exactly_where_eps_reaches_over_the_edge() -> None:
    """4 is more than 2.5, so the dark half falls: F1 of dark 0, of bright 2·10/30; at 8 all fall."""
    found = measured(labels(), whole_images, uphill)
    assert found.clean == 1
    scores = {(one.kind, one.strength): one.score for one in found.changed}
    for attack in ("fgsm", "pgd"):
        assert [scores[attack, eps] for eps in (1, 2, 8)] == [1, 1, 0]
        assert scores[attack, 4] == pytest.approx(1 / 3)
    assert scores["contrast", 5] == 1  # of one grey, nothing is left to lower
    assert scores["brightness", 1] == pytest.approx(1 / 3)  # 12.75 brighter: all are bright
    assert found.flips == {"horizontal": 1, "vertical": 1}


def test_masks_are_attacked_pixel_by_pixel_and_flipped_back() -> None:
    inputs = np.full((3, SIDE, SIDE, 3), 110, np.uint8)
    inputs[:, :, : SIDE // 2] = 140
    targets = (inputs[..., 0] > 126).astype(np.uint8)
    found = measured(split("segmentation", inputs, targets), pixels, uphill)
    scores = {(one.kind, one.strength): one.score for one in found.changed}
    assert (found.clean, scores["fgsm", 8], scores["rotation", 1] > 0.8) == (1, 1, True)
    assert found.flips == {"horizontal": 1, "vertical": 1}

    def by_place(images: np.ndarray) -> np.ndarray:
        """Bright is what is on the left, whatever is there: nothing stays where the image is turned."""
        left = np.arange(SIDE) < SIDE // 2
        return np.eye(2)[np.broadcast_to(left, images.shape[:3]).astype(int)]

    turned = measured(split("segmentation", inputs, targets), by_place, uphill)
    assert turned.flips == {"horizontal": 0, "vertical": 1}


def test_of_many_images_an_even_part_is_changed() -> None:
    inputs = np.zeros((3 * MOST, 4, 4, 3), np.uint8)
    whole = split("classification", inputs, np.zeros(3 * MOST, np.int64))
    part = whole.evenly(MOST)
    assert (part.items[0], part.items[-1], len(part.items)) == (whole.items[0], whole.items[-1], MOST)
    assert len(part.inputs) == len(part.targets) == MOST


def test_a_gate_holds_the_score_at_an_eps_and_the_mean_of_a_corruption(tmp_path) -> None:
    test = labels()
    robustness, seen = measured(test, whole_images, uphill), test.seen()
    seen.add(test.targets, whole_images(test.inputs), whole_images(test.inputs))
    found = test.measured("a" * 64, seen, None, robustness)
    path = tmp_path / "gate.yaml"
    path.write_text(
        "robustness.pgd.2: {minimum: 0.9}\nrobustness.fgsm.8: {minimum: 0.1}\n"
        "robustness.brightness: {minimum: 0.5}\nrobustness.flip.horizontal: {minimum: 0.99}\n"
    )
    gate = read_gate(path, find("classification"))
    assert gate.asks_for_robustness
    decided = decide(gate, found)
    assert [(check.metric, check.passed) for check in decided.checks] == [
        ("robustness.pgd.2", True),
        ("robustness.fgsm.8", False),
        ("robustness.brightness", False),
        ("robustness.flip.horizontal", True),
    ]
    assert decided.checks[2].value == pytest.approx(1 / 3)
    with pytest.raises(ConfigurationError, match=r"unknown metric 'robustness\.pgd\.2'"):
        decide(gate, found.model_copy(update={"robustness": None}))
    path.write_text("robustness.pgd.3: {minimum: 0.9}\n")
    with pytest.raises(ConfigurationError, match=r"did you mean 'robustness\.pgd"):
        read_gate(path, find("classification"))


def test_a_gate_may_ask_for_all_that_is_measured() -> None:
    test = labels()
    seen = test.seen()
    seen.add(test.targets, whole_images(test.inputs), whole_images(test.inputs))
    found = test.measured("a" * 64, seen, None, measured(test, whole_images, uphill))
    assert len(decide(Gate.model_validate({name: {"minimum": 0} for name in NAMES}), found).checks) == len(
        NAMES
    )
