"""model.json."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from pylib.errors import ModelError
from pylib.models.spec import WeightsOrigin, read_spec
from pylib.models.unet_spec import UNetSpec

CLASSES = ("object", "background", "border")


@pytest.mark.parametrize(
    "wrong",
    [
        {"image_size": 100},
        {"image_size": 0},
        {"alpha": 0},
        {"dropout": 1},
        {"filters": (1, 2, 3)},
        {"filters": (8, 8, 8, 0)},
        {"classes": ("one",)},
        {"encoder": "resnet50"},
        {"frozen": True},
        {"format": 2},
        {"widht": 3},
    ],
)
def test_what_cannot_be_built_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        UNetSpec.model_validate({"classes": CLASSES} | wrong)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    spec = UNetSpec(classes=CLASSES, frozen=True, weights=WeightsOrigin(origin="file", sha256="ab" * 32))
    (tmp_path / "model.json").write_text(spec.dumps())
    assert read_spec(tmp_path) == spec
    assert read_spec(tmp_path).dumps() == spec.dumps()


def test_a_file_without_a_task_is_of_the_first_one(tmp_path: Path) -> None:
    # As it was written before there was a task; models that were released have such a file.
    released = {
        "format": 1,
        "encoder": "mobilenet_v2",
        "alpha": 0.35,
        "frozen": False,
        "filters": [8, 8, 8, 8],
        "dropout": 0.1,
        "image_size": 32,
        "classes": CLASSES,
        "weights": {"origin": "none", "sha256": None},
    }
    (tmp_path / "model.json").write_text(json.dumps(released))
    spec = read_spec(tmp_path)
    assert spec == UNetSpec(classes=CLASSES, filters=(8, 8, 8, 8), image_size=32)
    assert spec.task == "segmentation"


def test_a_file_of_an_unknown_task_says_which_there_are(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"task": "poetry"}')
    with pytest.raises(ModelError, match=r"model\.json: task 'poetry': .*segmentation"):
        read_spec(tmp_path)


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"classes": ["a", "b"], "image_size": 33}'])
def test_a_wrong_file_is_named_in_one_line(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "model.json").write_text(text)
    with pytest.raises(ModelError) as caught:
        read_spec(tmp_path)
    assert str(tmp_path / "model.json") in str(caught.value)
    assert "\n" not in str(caught.value)
