"""A task's options in words, as help shows them, out of its model and nothing else."""

import re

import pytest

from pylib.runners import checks, options, pipelines
from pylib.tasks import task
from pylib.training.config import EPOCHS


@pytest.mark.parametrize("name", task.names())
def test_every_option_of_every_task_has_a_type_a_default_and_a_meaning(name):
    for option in options.described(task.find(name).network.Config).values():
        if option.name not in {"encoder", "alpha"}:  # parameters of the pipeline, which describes them
            assert option.kind, option
            assert option.default, option
            assert option.meaning, option


def test_ranges_choices_and_counts():
    found = options.described(task.find("segmentation").network.Config)
    assert found["alpha"].limits == "0 < x <= 2"
    assert found["schedule"].limits == "cosine, plateau"
    assert found["patience"].limits == "1 <= x"
    assert found["epochs"].limits == "1 <= x <= 10000"
    assert found["filters"].limits == "4 to 5 of them, 0 < x <= 2048"
    assert found["filters"].kind == "[INTEGER, …]"
    assert found["deterministic"].limits == ""
    assert found["learning_rate"].meaning == "the highest"


def test_what_the_number_of_epochs_is_by_itself_is_said_right():
    meaning = options.described(task.find("segmentation").network.Config)["epochs"].meaning
    assert list(map(int, re.findall(r"\d+", meaning))) == [EPOCHS[True], EPOCHS[False]]


def test_options_are_those_that_the_pipeline_has_no_parameter_for():
    (held,) = checks.options(pipelines.load("segmentation")).values()
    names = {option.name for option in held}
    assert {"epochs", "batch", "dropout"} <= names
    assert not names & {"encoder", "alpha", "seed"}
