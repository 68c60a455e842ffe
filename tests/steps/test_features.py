"""What is said of features before anything runs; the step, from a person's folder to what heads read."""

from pathlib import Path

import pytest

from pylib.errors import ConfigurationError, DataError, ModelError, StoreError
from pylib.features.table import FeatureIndex, read_features
from pylib.provenance.statement import read_bundle, step_name
from pylib.runners.options import described
from pylib.steps import features as step
from tests.data.test_needs import COUNTS, labelled
from tests.features.made import write_shards


@pytest.mark.parametrize(
    ("given", "error", "reason"),
    [
        ({"backbone": "mobilenet"}, ConfigurationError, "backbone='mobilenet': .*there are: mobilenet_v2"),
        ({"alpha": 3}, ConfigurationError, "alpha=3: "),
        ({"alpha": 0.3, "weights": "imagenet"}, ModelError, "no ImageNet weights .* alpha 0.3"),
        ({"weights": "weights@master"}, StoreError, "repository@commit:path"),
        (
            {"backbone": "inception_v3", "image_size": 32},
            ConfigurationError,
            "32 pixels: it takes 75 or more; ",
        ),
        ({"task": "segmentation"}, ConfigurationError, "segmentation: it has no features"),
    ],
)
def test_what_is_refused_is_one_line(given: dict[str, object], error: type[Exception], reason: str) -> None:
    asked = {"task": "classification", "weights": "none", "backbone": "mobilenet_v2", "alpha": 0.35, **given}
    with pytest.raises(error, match=reason) as caught:
        step.check_parameters(**asked)
    assert "\n" not in str(caught.value)


def test_alpha_is_no_fault_where_it_means_nothing_and_choices_are_listed() -> None:
    step.check_parameters(task="classification", weights="none", backbone="vgg16", alpha=0.35)
    assert "convnext_tiny" in described(step.hyper_parameters("classification"))["backbone"].limits


def test_images_whose_own_side_is_too_small_for_the_backbone_are_refused() -> None:
    small = labelled(COUNTS)
    small = small.model_copy(
        update={"items": [each.model_copy(update={"width": 40, "height": 40}) for each in small.items]}
    )
    step.check_data(small, "imagenet", "xception", 96)
    with pytest.raises(
        ConfigurationError, match=r"xception on images of 32 pixels: .* give a larger image_size"
    ):
        step.check_data(small, "imagenet", "xception")


def test_data_without_validation_is_refused() -> None:
    with pytest.raises(DataError, match="no image in the split validation"):
        step.check_data(labelled({("train", 0): 9, ("test", 3): 9}), "imagenet", "vgg16")


def test_the_step_leaves_a_recorded_folder_and_keeps_the_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    monkeypatch.delenv("PYLIB_ARTIFACTS", raising=False)
    shards = write_shards(tmp_path / "shards", train=3, validation=1)
    asked = {"weights": "none", "backbone": "mobilenet_v2", "alpha": 0.35}
    first = step.features(shards, tmp_path / "run/features", **asked)
    assert first == {"computed": 4, "train": 3, "validation": 1, "calibration": 0}
    assert step.features(shards, tmp_path / "again/features", **asked)["computed"] == 0
    assert read_features(tmp_path / "run/features", "train")[0].shape == (3, 1280)
    assert FeatureIndex.read(tmp_path / "run/features").weights.origin == "none"
    assert step_name(read_bundle(tmp_path / "run/features")[0]) == "features"
    assert list((tmp_path / "out/artifacts/features").glob("*/*.npy"))


def test_random_weights_are_said_to_be_poor_before_anything_runs() -> None:
    enough = labelled(COUNTS)
    assert "quality will be poor" in step.check_data(enough, "none", "vgg16")
    assert not step.check_data(enough, "imagenet", "vgg16")
