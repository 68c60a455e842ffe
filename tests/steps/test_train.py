import pytest

from pylib.errors import ConfigurationError, ModelError
from pylib.steps.train import check_parameters, limits

GIVEN = {
    "task": "segmentation", "weights": "none", "encoder": "mobilenet_v2", "alpha": 0.35, "seed": 0,
    "options": {},
}  # fmt: skip


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"seed": 3}, "options: seed is a parameter of its own"),
        ({"epoch": 3}, "epoch: Extra inputs are not permitted"),
        ({"epochs": 0}, "epochs: Input should be greater than or equal to 1"),
        ({"batch": "many"}, "batch: Input should be a valid integer"),
        ({"frozen": True}, "a frozen encoder learns nothing without first weights"),
    ],
)
def test_wrong_hyper_parameters_are_one_line_before_anything_is_trained(options, reason):
    with pytest.raises(ConfigurationError) as error:
        check_parameters(**GIVEN | {"options": options})
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_weights_of_imagenet_are_of_some_widths():
    check_parameters(**GIVEN | {"weights": "imagenet"})
    with pytest.raises(ModelError, match=r"no ImageNet weights of MobileNetV2 with alpha 0.3;"):
        check_parameters(**GIVEN | {"weights": "imagenet", "alpha": 0.3})


def test_what_a_pipeline_leaves_out_is_the_tasks_default():
    check_parameters(**GIVEN | {"encoder": None, "alpha": None, "options": {"alpha": 1.0}})


def test_limits_are_ranges_and_choices():
    found = limits("segmentation")
    assert found["alpha"] == "0 < x <= 2"
    assert found["schedule"] == "cosine, plateau"
    assert found["patience"] == "1 <= x"
    assert "deterministic" not in found
