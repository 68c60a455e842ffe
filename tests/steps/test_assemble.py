"""What is said of a classifier's pipeline before anything runs, of the pipeline as it is."""

import pytest

from pylib.errors import ConfigurationError, DataError, ModelError, StoreError
from pylib.runners import checks, pipelines
from tests.data.index import data_set
from tests.data.test_needs import COUNTS, labelled

PIPELINE = pipelines.load("classification")


@pytest.mark.parametrize(
    ("given", "error", "reason"),
    [
        ({"backbone": "mobilenet"}, ConfigurationError, "backbone='mobilenet': .*there are: mobilenet_v2"),
        ({"alpha": 3}, ConfigurationError, "alpha=3"),
        ({"alpha": 0.3, "weights": "imagenet"}, ModelError, "no ImageNet weights .* alpha 0.3"),
        ({"weights": "weights@master"}, StoreError, "repository@commit:path"),
        ({"image_size": 20}, ConfigurationError, "image_size=20: a backbone halves it five times"),
        ({"fine_tune": 1, "options": {"backbone": "vgg16"}}, ConfigurationError, "backbone is a parameter"),
        ({"fine_tune": 1, "options": {"filters": [8]}}, ConfigurationError, "no option 'filters'"),
        ({"fine_tune": 1, "options": {"epochs": 0}}, ConfigurationError, "epochs=0"),
        ({"options": {"epochs": 9}}, ConfigurationError, "epochs are of fine-tuning, and fine_tune is 0"),
        ({"fine_tune": -1}, ConfigurationError, "fine_tune=-1"),
        ({"fine_tune": 1, "heads": ["svm", "knn_3"]}, ConfigurationError, "there are svm, knn_3; add dense"),
        (
            {"fine_tune": 99},
            ConfigurationError,
            "fine_tune=99: mobilenet_v2 has 17 blocks; give that or fewer",
        ),
        ({"fine_tune": 6, "backbone": "vgg16"}, ConfigurationError, "fine_tune=6: vgg16 has 5 blocks"),
        (
            {"backbone": "inception_v3", "image_size": 32},
            ConfigurationError,
            "32 pixels: it takes 75 or more",
        ),
        ({"target_precision": 1.5}, ConfigurationError, "target_precision=1.5: it is a share"),
        ({"heads": ["logistic", "smv"]}, ConfigurationError, "head 'smv': .*did you mean svm"),
        ({"heads": [None]}, ConfigurationError, "^heads: head None: there are: logistic, dense, .*knn_3$"),
        ({"heads": ["svm", 1]}, ConfigurationError, "^heads: head 1: there are: logistic"),
        ({"heads": [["x"]]}, ConfigurationError, r"^heads: head \['x'\]: there are: logistic"),
        ({"heads": []}, ConfigurationError, "heads is empty"),
        ({"heads": ["svm", "svm"]}, ConfigurationError, "heads: 'svm' is named twice"),
        ({"seed": -1}, ConfigurationError, "seed=-1"),
    ],
)
def test_what_training_refuses_is_one_line_before_anything_runs(
    given: dict[str, object], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason) as caught:
        checks.checked(PIPELINE, {"data": "pets@master", **given})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("heads", [["svm", "dense_sgd"], ["dense"]])
def test_fine_tuning_begins_with_any_dense_head(heads: list[str]) -> None:
    given = {"data": "pets@master", "fine_tune": 1, "heads": heads}
    assert checks.checked(PIPELINE, given) == given


def test_all_blocks_of_a_backbone_may_learn() -> None:
    given = {"data": "pets@master", "fine_tune": 5, "backbone": "vgg16"}
    assert checks.checked(PIPELINE, given) == given


def test_images_that_are_too_small_for_the_backbone_are_refused_with_the_data_at_hand() -> None:
    given = {"data": "pets@master", "backbone": "inception_v3"}
    index = labelled({key: count + 9 for key, count in COUNTS.items()})
    with pytest.raises(ConfigurationError, match="inception_v3 on images of 64 pixels: it takes 75 or more"):
        checks.data(PIPELINE, given, index)
    checks.data(PIPELINE, {**given, "image_size": 96}, index)


def test_ranges_and_choices_are_shown_of_its_parameters_and_options_of_the_others() -> None:
    limits = checks.limits(PIPELINE)
    assert limits["alpha"] == "0 < x <= 2"
    assert limits["backbone"].startswith("mobilenet_v2, ")
    (options,) = checks.options(PIPELINE).values()
    names = {option.name for option in options}
    assert {"epochs", "dropout", "backbone_lr_multiplier"} <= names
    assert not names & {"backbone", "alpha", "seed", "fine_tune"}


def test_classes_of_which_there_is_hardly_an_image_are_named_and_no_fault() -> None:
    said = checks.data(PIPELINE, {"data": "pets@master"}, labelled(COUNTS))
    assert any("cat has none in validation, eel has 4 in test" in line for line in said)
    assert any("the gate will not pass: images 9" in line for line in said)


def test_data_that_cannot_be_trained_on_is_refused() -> None:
    with pytest.raises(DataError, match="no image in the split validation"):
        checks.data(PIPELINE, {"data": "pets@master"}, labelled({("train", 0): 9, ("test", 3): 9}))
    with pytest.raises(
        ConfigurationError, match="is of the task segmentation, the pipeline trains classific"
    ):
        checks.data(PIPELINE, {"data": "pets@master"}, data_set(train=5, validation=5, test=50))
