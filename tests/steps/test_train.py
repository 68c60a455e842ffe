import pytest

from pylib.errors import ConfigurationError, DataError, ModelError
from pylib.steps.train import check_data, check_parameters
from tests.data.index import data_set

GIVEN = {
    "task": "segmentation", "weights": "none", "encoder": "mobilenet_v2", "alpha": 0.35, "seed": 0,
    "options": {},
}  # fmt: skip


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"seed": 3}, "options: seed is a parameter of its own"),
        ({"epoch": 3}, "no option 'epoch'; did you mean epochs?"),
        ({"colour": 3}, "no option 'colour'; there are: adversarial_eps, alpha, augmentation, batch, "),
        ({"epochs": 0}, "epochs=0: Input should be greater than or equal to 1"),
        ({"epochs": 10**9}, "epochs=1000000000: Input should be less than or equal to 10000"),
        ({"batch": "many"}, "batch='many': Input should be a valid integer"),
        ({"batch": True}, "batch=True: Input should not be true or false"),
        ({"filters": [True] * 4}, "filters=[True, True, True, True]: Input should not be true or false"),
        ({"epochs": True}, "epochs=True: Input should not be true or false"),
        ({"learning_rate": float("nan")}, "learning_rate=nan: Input should be less than or equal to 1"),
        ({"schedule": "linear"}, "schedule='linear': Input should be 'cosine' or 'plateau'"),
        ({"filters": [96, 64]}, "filters=[96, 64]: Tuple should have at least 4 items"),
        ({"filters": "x" * 1000}, "xxx: Input should be a valid tuple"),
        ({"deterministic": None}, "deterministic=None: Input should be a valid boolean"),
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


def test_a_set_without_images_to_learn_from_or_to_stop_by_is_refused():
    check_data(data_set(train=1, validation=1))
    with pytest.raises(DataError, match=r"no image in the split validation \(2 train, 0 validation, 1 test"):
        check_data(data_set(train=2, test=1))
    with pytest.raises(DataError, match="no image in the split train and validation"):
        check_data(data_set(test=1))
