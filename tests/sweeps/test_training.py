"""The command that trains with what a search found is one that `pylib run` takes."""

import shlex
from pathlib import Path

import pytest

from katib.counting import MAX_TRIALS
from katib.experiment import Experiment
from katib.substitution import trial_object
from pylib.errors import ConfigurationError, SweepError
from pylib.runners import checks, pipelines
from pylib.steps.train import configuration, searched
from pylib.sweeps.attempt import primary
from pylib.sweeps.optimal import Optimal, optimal
from pylib.sweeps.reading import read
from pylib.sweeps.training import command, hyper_parameters

ROOT = Path(__file__).parents[2]
DATA = "pets@" + "a" * 64


def first(experiment: Experiment) -> dict[str, str]:
    return {each.name: (each.values or [str(each.number("min"))])[0] for each in experiment.parameters}


def found(name: str | Path) -> Optimal:
    sweep = read(name if isinstance(name, Path) else ROOT / f"pipelines/sweeps/{name}.yaml")
    assignments = first(sweep.experiment)
    container = primary(sweep.experiment, trial_object(sweep.experiment, "t", assignments))
    return optimal(
        sweep.experiment,
        sweep.sha256,
        MAX_TRIALS,
        8,
        trial="t",
        assignments=assignments,
        value="0.5",
        data=DATA,
        words=container["command"],
    )


@pytest.mark.parametrize("name", ["smoke", "segmentation", "classification"])
def test_the_pipeline_takes_what_was_found(name: str) -> None:
    program, verb, pipeline, *options = shlex.split(command(found(name), "imagenet"))
    assert (program, verb) == ("pylib", "run")
    texts = dict(option.removeprefix("--").split("=", 1) for option in options)
    assert texts["data"] == DATA
    loaded = pipelines.load(pipeline)
    given = checks.read(loaded, {key.replace("-", "_"): text for key, text in texts.items()})
    taken = checks.checked(loaded, given)
    assert taken["weights"] == "imagenet"
    sha256 = read(ROOT / f"pipelines/sweeps/{name}.yaml").sha256
    assert taken["search"] == {"experiment": name, "sha256": sha256, "trial": "t"}


def test_hyper_parameters_keep_their_types() -> None:
    line = command(found("smoke"), "")
    assert "--image-size=64" in line
    assert '"filters": [32, 24, 16, 8]' in line
    assert '"batch": 8' in line
    assert "--weights" not in line


def test_the_step_that_trains_is_given_what_was_found_and_where_it_comes_from(tmp_path: Path) -> None:
    best = found("smoke")
    (tmp_path / "optimal.json").write_bytes(best.dumps())
    given = searched(tmp_path, {"seed": 3}, {"epochs": 5})
    search = {"experiment": "smoke", "sha256": best.experiment_sha256, "trial": "t"}
    options = {"learning_rate": 0.0005, "dropout": 0.0, "batch": 8, "filters": [32, 24, 16, 8]}
    assert given == {"parameters": {"seed": 3}, "options": {"epochs": 5} | options, "search": search}
    configuration("segmentation", given["parameters"], given["options"])
    assert searched(None, {"seed": 3}, {"epochs": 5}, search) == {
        "parameters": {"seed": 3},
        "options": {"epochs": 5},
        "search": search,
    }


@pytest.mark.parametrize("pipeline", ["segmentation", "classification"])
@pytest.mark.parametrize("search", [{"experiment": "a"}, {"experiment": "a", "sha256": "b", "trial": "c"}])
def test_a_search_that_is_named_by_halves_is_refused_before_the_run(pipeline: str, search: object) -> None:
    with pytest.raises(ConfigurationError, match=r"search: sha256: .*; give it as the command that"):
        checks.checked(pipelines.load(pipeline), {"data": DATA, "search": search})


def test_the_pipeline_s_own_hyper_parameters_are_found_as_such() -> None:
    own, others = hyper_parameters(found("segmentation"))
    assert own == {"encoder": "mobilenet_v2", "alpha": 0.35}
    assert others["frozen"] is False


def test_what_is_searched_for_and_given_is_refused(tmp_path: Path) -> None:
    (tmp_path / "optimal.json").write_bytes(found("smoke").dumps())
    with pytest.raises(ConfigurationError, match="batch is what the search smoke is for"):
        searched(tmp_path, {}, {"batch": 8})


def test_what_is_searched_for_by_another_name_and_given_is_refused(tmp_path: Path) -> None:
    renamed = (ROOT / "pipelines/sweeps/smoke.yaml").read_text()
    for key in ("name", "reference"):
        renamed = renamed.replace(f"{key}: learning_rate", f"{key}: lr")
    (tmp_path / "smoke.yaml").write_text(renamed)
    (tmp_path / "optimal.json").write_bytes(found(tmp_path / "smoke.yaml").dumps())
    with pytest.raises(ConfigurationError, match="learning_rate is what the search smoke is for"):
        searched(tmp_path, {}, {"learning_rate": 0.5})


@pytest.mark.parametrize("words", [["python3", "train.py"], ["pylib", "trial", "classification", "head=svm"]])
def test_no_network_is_trained_with_what_other_trials_found(words: list[str]) -> None:
    with pytest.raises(SweepError, match="are not `pylib trial TASK NAME=VALUE…` of a network"):
        hyper_parameters(found("smoke").model_copy(update={"words": words}))


def test_trials_of_another_program_have_no_such_command() -> None:
    assert command(found("smoke").model_copy(update={"words": ["python3", "train.py"]}), "") == ""
