"""Images in which nothing is to be found: data, where other images show what could have been there."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pylib.data.ingest import IngestResult, ingest
from pylib.data.plan import Options
from pylib.data.split import split_of
from pylib.errors import DataError
from pylib.store.local import LocalStore
from pylib.tasks.segmentation import judgement
from pylib.tasks.segmentation.checks import background
from tests.data.made import Folder, encode

Run = Callable[..., IngestResult]
PARTS = {0: "ok", 1: "defect"}


def part(defect: bool, *, ok: int = 0, bad: int = 1) -> bytes:
    mask = np.full((40, 48), ok, np.uint8)
    if defect:
        mask[10:20, 10:20] = bad
    return encode(mask, "PNG")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    store = LocalStore(tmp_path / "store")

    def run(folder: Folder, **options: object) -> IngestResult:
        cache, report = tmp_path / "cache", tmp_path / "report"
        return ingest(str(folder.root), store, "parts", Options(**options), cache=cache, report=report)

    return run


@pytest.fixture
def parts(tmp_path: Path) -> Folder:
    """Forty parts, every other one with a defect."""
    folder = Folder(tmp_path / "parts")
    for number in range(40):
        folder.put(f"part{number:02}", seed=number, mask=part(number % 2 == 1))
    return folder


def test_they_are_kept_and_counted(run: Run, parts: Folder, tmp_path: Path) -> None:
    result = run(parts, classes=PARTS, strict=True)
    assert len(result.index.items) == 40
    empty = [finding for finding in result.findings if finding.code == "mask-empty"]
    assert [finding.item for finding in empty] == [f"part{number:02}" for number in range(0, 40, 2)]
    assert empty[0].reason == "mask is ok all over"
    report = json.loads((tmp_path / "report/report.json").read_text())
    assert report["images"] == {"read": 40, "kept": 40, "rejected": 0, "total": 40}
    assert "Images that show nothing but background" in (tmp_path / "report/report.html").read_text()


@pytest.mark.parametrize("defect", [True, False])
def test_a_set_of_one_class_in_all_is_refused(run: Run, parts: Folder, defect: bool) -> None:
    for path in (parts.root / "masks").iterdir():
        path.write_bytes(part(False, ok=int(defect)))
    name = PARTS[int(defect)]
    with pytest.raises(DataError, match=f"no usable item .part00: mask is {name} all over"):
        run(parts, classes=PARTS)


def test_what_is_added_to_a_set_that_shows_the_rest_may_be_empty(run: Run, parts: Folder) -> None:
    run(parts, classes=PARTS)
    for path in parts.root.rglob("part*.*"):
        path.unlink()
    parts.put("more", seed=99, mask=part(False))
    assert len(run(parts, add=True).index.items) == 41


def test_a_set_whose_objects_were_all_rejected_is_refused(run: Run, parts: Folder) -> None:
    for number in range(1, 40, 2):
        parts.image(f"part{number:02}.jpg", b"broken")
    with pytest.raises(DataError, match="no usable item"):
        run(parts, classes=PARTS)


def test_an_object_all_over_is_no_empty_image(run: Run, parts: Folder) -> None:
    parts.put("x", seed=99, mask=part(False, ok=1))
    [rejected] = [finding for finding in run(parts, classes=PARTS).findings if finding.rejected]
    assert (rejected.item, rejected.code) == ("x", "mask-single-class")


def test_an_empty_image_with_pixels_that_are_ignored_is_one(run: Run, parts: Folder) -> None:
    parts.put("x", seed=99, mask=part(True, bad=255))
    found = {finding.item: finding for finding in run(parts, classes=PARTS).findings}
    assert found["x"].code == "mask-empty"
    assert found["x"].reason == "mask is ok and 255, which is ignored unless it is named as a class"


@pytest.mark.parametrize(
    ("legend", "expected"),
    [
        ({1: "object", 2: "background", 3: "border"}, 2),
        ({0: "ok", 1: "defect"}, 0),
        ({0: "cat", 5: "Background"}, 5),
        ({1: "defect", 2: "OK"}, 2),
        ({1: "forest", 2: "water"}, None),
        ({0: "ignore", 1: "wall", 2: "floor"}, None),
    ],
)
def test_the_background_is_the_class_named_so_or_that_of_id_0(
    legend: dict[int, str], expected: int | None
) -> None:
    assert background(legend) == expected


def test_a_split_without_a_class_is_named(run: Run, parts: Folder) -> None:
    for number in range(40):
        name = f"part{number:02}"
        parts.mask(f"{name}.png", part(split_of(name) not in {"test", "calibration"}))
    found = {
        finding.item: finding for finding in run(parts, classes=PARTS).findings if "split" in finding.code
    }
    assert found.keys() == {"test", "calibration"}
    assert {finding.code for finding in found.values()} == {"split-without-class"}
    assert found["test"].reason == "no mask in test has defect"


def test_an_absent_class_is_neither_0_nor_no_number_in_an_image_of_its_own() -> None:
    right = np.eye(2, dtype=np.float32)[np.zeros((1, 8, 8), int)] * 0.98 + 0.01
    seen = judgement.accumulator(["ok", "defect"], ["empty"])
    seen.add(np.zeros((1, 8, 8), np.uint8), right, right)
    [(_, example)] = seen.examples()
    assert example.mean_iou == seen.metrics()["mean_iou"] == 1.0
    assert seen.details().per_class["defect"].iou is None


def test_a_false_alarm_in_an_empty_image_costs_its_class() -> None:
    alarmed = np.eye(2, dtype=np.float32)[np.eye(8, dtype=int)[np.newaxis]]
    seen = judgement.accumulator(["ok", "defect"], ["empty"])
    seen.add(np.zeros((1, 8, 8), np.uint8), alarmed, alarmed)
    assert seen.details().per_class["defect"].iou == 0.0
    assert seen.metrics()["mean_iou"] == pytest.approx(56 / 64 / 2)
