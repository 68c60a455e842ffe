"""Hyper-parameters that people write."""

import subprocess
import sys

import pytest

from pylib.errors import ConfigurationError
from pylib.training.config import training_config

WRONG = {
    "epochs": 0,
    "patience": 0,
    "batch": 0,
    "learning_rate": -1e-3,
    "encoder_lr_multiplier": 2.0,
    "weight_decay": -0.1,
    "augmentation": 1.5,
    "dropout": 1.0,
    "alpha": 0.0,
    "seed": -1,
    "threads": -2,
    "schedule": "linear",
    "encoder": "resnet",
    "filters": (64, 32),
    "mixed_precision": "float64",
    "epoch": 3,
}


@pytest.mark.parametrize(("name", "value"), WRONG.items())
def test_a_wrong_value_is_named_in_one_line(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        training_config("segmentation", **{name: value})
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)epochs.*batch"):
        training_config("segmentation", epochs=0, batch=0)


def test_whole_floats_are_taken_for_integers() -> None:
    # Pipelines hand integers inside dictionaries over as floats.
    assert training_config("segmentation", epochs=3.0).epochs == 3


def test_an_unknown_task_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"task 'segmentatoin': .*segmentation"):
        training_config("segmentatoin")


def test_hyper_parameters_are_checked_without_keras() -> None:
    # `pylib run` does that before anything starts, and importing Keras takes seconds.
    code = (
        "import sys; from pylib.training.config import training_config; training_config('segmentation');"
        "print([name for name in ('keras', 'tensorflow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
