"""`pylib run NAME`: the pipeline's own parameters as options, and what is said where one is wrong."""

import inspect
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from kfp import dsl
from rich.console import Console
from typer.testing import CliRunner

from components import component
from pylib.cli import parameters
from pylib.cli.progress import Progress
from pylib.cli.run import _listener, run_app
from pylib.errors import PipelineError, PylibError
from pylib.runners import checks, local, pipelines
from pylib.store.opening import open_store
from tests.data.index import data_set

PYLIB = Path(sys.executable).with_name("pylib")

app = typer.Typer()
app.add_typer(run_app, name="run")


def run(tmp_path, *arguments):
    environment = os.environ | {"PYLIB_OUTPUT": str(tmp_path / "out"), "COLUMNS": "200"}
    return subprocess.run(
        [PYLIB, "run", *arguments], capture_output=True, text=True, env=environment, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["segmentaton", "--data", "x"], "pipeline 'segmentaton': not in .*; did you mean segmentation[?]"),
        (["segmentation", "--dta", "x"], "run segmentation: no option --dta; did you mean --data[?]"),
        (["segmentation", "--xyz", "x"], "run segmentation: no option --xyz; it has: --data, .*--json"),
        (["segmentation", "--data"], "run segmentation: Option '--data' requires an argument."),
        (["segmentation", "--data", "x@y", "-p", "alfa=1"], ".*no parameter 'alfa'; did you mean alpha[?]"),
        (["segmentation", "--data", "x@y", "--alpha", "two"], "alpha='two': it is not a number"),
        (["segmentation", "--data", "x@y", "--alpha", "3"], "training configuration: alpha=3.0: .* 2"),
        (["segmentation", "--data", "x@y", "--image-size", "33"], "image_size=33: the U-Net .*"),
        (["segmentation", "--data", "x@y", "--alpha", "1", "-p", "alpha=2"], "alpha is given twice: .*"),
        (["segmentation", "--data", "a@b", "--data", "c@d"], "run segmentation: --data is given twice; .*"),
        (["segmentation", "--data=a@b", "--seed", "1", "--data", "c@d"], "run .*: --data is given twice; .*"),
        (
            ["segmentation", "--data", "a@b", "--namespace", "x", "--namespace", "y"],
            "run .*: --namespace is .*",
        ),
        (
            ["segmentation", "--data", "x@y", "-p", "seed=1", "-p", "seed=2"],
            "seed is given twice: -p seed=1, .*",
        ),
        (
            ["segmentation", "--data", "x@y", "--options", '{"epochs": 1, "epochs": 2}'],
            "options: 'epochs' is given twice in {.*}",
        ),
        (
            ["segmentation", "--data", "x@y", "--options", '{"epoch": 1}'],
            "training configuration: no option 'epoch'; did you mean epochs[?]",
        ),
        (["segmentation"], "pipeline segmentation: 'data' is required; give --data"),
        (["segmentation", "--data", "x@y", "-p", "alpha"], "--parameter 'alpha': not name=value"),
        (["--data", "x@y", "segmentation"], "run --data: the pipeline's name goes first; there are: .*"),
    ],
)
def test_a_wrong_option_or_parameter_is_one_line(tmp_path, monkeypatch, arguments, reason):
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    done = CliRunner().invoke(app, ["run", *arguments])
    assert isinstance(done.exception, PylibError)
    assert re.fullmatch(reason, str(done.exception)), done.exception
    assert done.stdout == ""
    assert not (tmp_path / "out" / "runs").exists()


def test_what_is_wrong_is_one_line_of_the_command_too(tmp_path):
    done = run(tmp_path, "segmentation", "--data", "x@y", "--options", '{"epoch": 1}')
    assert (done.returncode, done.stdout) == (1, "")
    reason = "training configuration: no option 'epoch'; did you mean epochs[?]"
    assert re.fullmatch(f"error: {reason}\n", done.stderr), done.stderr


def test_help_lists_the_pipelines_own_parameters_with_type_range_default_and_meaning(tmp_path):
    shown = run(tmp_path, "segmentation", "--help").stdout
    lines = {match[1]: line for line in shown.splitlines() if (match := re.search(r"--([\w-]+) ", line))}
    assert {"data", "weights", "encoder", "alpha", "image-size", "seed", "gpus", "options"} <= lines.keys()
    assert {"parameter", "cluster", "namespace", "json"} <= lines.keys()
    assert "(required)" in lines["data"]
    for part in ("NUMBER", "width multiplier", "(0 < x <= 2)", "[default: (0.35)]"):
        assert part in lines["alpha"]
    assert "(mobilenet_v2, vgg19)" in lines["encoder"]
    assert "INTEGER" in lines["seed"]
    assert "JSON" in lines["options"]


def test_help_lists_the_options_with_type_range_default_and_meaning_within_100_columns(tmp_path):
    environment = os.environ | {"PYLIB_OUTPUT": str(tmp_path / "out"), "COLUMNS": "100"}
    shown = subprocess.run(
        [PYLIB, "run", "segmentation", "--help"], capture_output=True, text=True, env=environment, check=True
    ).stdout
    assert max(map(len, shown.splitlines())) <= 100
    assert re.search(r"epochs +INTEGER \(1 <= x <= 10000\) +null +at most that many", shown)
    assert re.search(r"batch +INTEGER \(1 <= x <= 4096\) +16 +items a step", shown)
    assert re.search(r"schedule +TEXT \(cosine, plateau\) +\"cosine\" ", shown)


def test_data_that_no_step_can_judge_on_is_one_line_and_no_run(tmp_path):
    store = open_store((tmp_path / "out" / "store").as_uri())
    store.commit("small", {"dataset.json": data_set(train=3, validation=1).dumps()})
    done = run(tmp_path, "segmentation", "--data", "small@master")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: data set sample: it has no image in the split test (3 train, ")
    assert not (tmp_path / "out" / "runs").exists()


@component
def warns() -> None:
    from pylib.training.mlflow_log import warn

    print("epoch 1 of 2")  # noqa: T201
    warn("InsecureRequestWarning: MLflow at [nowhere]: the run was not logged")


@dsl.pipeline(name="told")
def told():
    warns()


def test_what_a_step_warns_of_stays_on_the_screen(tmp_path):
    screen = Console(file=io.StringIO(), width=40)
    with Progress(screen, "going on") as progress:
        local.execute(told, {}, tmp_path, _listener(screen, progress))
    shown = screen.file.getvalue().splitlines()
    assert "! warns      InsecureRequestWarning: MLflow at [nowhere]: the run was not logged" in shown
    assert not any("epoch 1" in line for line in shown)


def test_every_pipeline_has_help(tmp_path):
    shown = run(tmp_path, "--help").stdout
    assert all(name in shown for name in pipelines.names())


def test_each_parameter_of_each_pipeline_is_an_option_with_a_meaning():
    for name in pipelines.names():
        pipeline = pipelines.load(name)
        own = parameters.options(pipeline)
        assert [each.name for each in own] == list(inspect.signature(pipeline.pipeline_func).parameters)
        assert all(pipelines.described(pipeline)[each.name] for each in own)
        assert isinstance(pipelines.task(pipeline), str)


def test_what_is_given_as_an_option_and_as_a_parameter_is_read_alike():
    texts = {"data": "d@1", "alpha": "1", "gpus": "2", "image_size": "96.0", "options": '{"epochs": 3}'}
    pipeline = pipelines.load("segmentation")
    pairs = [f"{name}={text}" for name, text in texts.items()]
    given = [parameters.together([], texts), parameters.together(pairs, {"seed": None})]
    read = [checks.checked(pipeline, checks.read(pipeline, each)) for each in given]
    assert read[0] == read[1]
    assert read[0] == {"data": "d@1", "alpha": 1.0, "gpus": "2", "image_size": 96, "options": {"epochs": 3}}
    assert [type(read[0][name]) for name in ("alpha", "image_size")] == [float, int]


@pytest.mark.parametrize("text", ["007", "1e3", "null", '{"a": 1}', "a b", ""])
def test_text_stays_what_was_written(text):
    assert checks.read(pipelines.load("segmentation"), {"encoder": text}) == {"encoder": text}


def test_a_value_in_both_ways_is_no_value():
    with pytest.raises(PipelineError, match="seed is given twice: --seed 1, -p seed=2"):
        parameters.together(["seed=2"], {"seed": "1"})
