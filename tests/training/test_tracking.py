"""What a run leaves in TensorBoard and MLflow."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import cast

import pytest
import tensorflow as tf
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from pylib.provenance.materials import ROOT
from pylib.provenance.tries import NODE
from pylib.training.checkpoints import History
from pylib.training.mlflow_log import NAMES, REASON, MlflowLog
from pylib.training.mlflow_store import connect
from pylib.training.tracking import tensorboard, tracking_uri

HISTORY = [
    {"epoch": 0.0, "loss": 1.5, "mean_iou": 0.25},
    {"epoch": 1.0, "loss": 0.5, "mean_iou": 0.75},
]


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database as it makes it, which takes seconds: copied, it is what a second run finds."""
    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    connect(f"sqlite:///{file}")
    return file


@pytest.fixture
def uri(tmp_path: Path, database: Path) -> str:
    """A store in which nothing was logged yet."""
    shutil.copyfile(database, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def test_tensorboard_reads_each_figure_of_each_epoch(tmp_path: Path) -> None:
    write = tensorboard(tmp_path)
    for entry in HISTORY:
        write(entry)
    (file,) = tmp_path.glob("events.*")
    found, plugins = {}, set()
    for record in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            found[value.tag, event.step] = float(tf.make_ndarray(value.tensor))
            plugins.add(value.metadata.plugin_data.plugin_name)
    assert plugins == {"scalars"}
    assert found["loss", 0] == 1.5
    assert found["mean_iou", 1] == 0.75


def test_mlflow_keeps_parameters_figures_and_tags(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'new' / 'mlflow.db'}"
    started = time.time()
    run_id = MlflowLog(uri, "pets").write(
        {"batch": 8, "filters": (8, 4)}, HISTORY, {"model_folder": "m"}, started
    )
    client = MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("pets").experiment_id])
    assert run.info.run_id == run_id
    assert run.info.status == "FINISHED"
    assert run.data.params == {"batch": "8", "filters": "(8, 4)"}
    assert run.data.metrics == {"loss": 0.5, "mean_iou": 0.75}
    assert run.data.tags["model_folder"] == "m"
    points = client.get_metric_history(run_id, "mean_iou")
    assert [(point.step, point.value) for point in points] == [(0, 0.25), (1, 0.75)]


CLASSES = [
    "cat (domestic)", "cat domestic", "cat [domestic]", "cat domestic-0123abcd", "ä", "犬", "a/b", "a:b",
    "a//b", "/a", "a/", "../a", ".", "..", "#1", "???", "", " ", "x" * 300, "x" * 299 + "y", "a\nb",
    "a\0b", "\ud800", "%20", "'; --",
]  # fmt: skip


def runs(uri: str, experiment: str = "pets") -> list[Run]:
    client = MlflowClient(uri)
    return list(client.search_runs([client.get_experiment_by_name(experiment).experiment_id]))


def test_whatever_classes_are_called_their_figures_are_kept_and_their_names(
    uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {f"iou_{name}": number / 100 for number, name in enumerate(CLASSES)}
    history = [{"epoch": float(epoch), "loss": 1.0, **figures} for epoch in range(3)]
    assert MlflowLog(uri, "pets").write({}, history, {}, time.time())
    assert capsys.readouterr().out == ""
    (run,) = runs(uri)
    assert run.info.status == "FINISHED"
    told = {legal: name for tag, name in run.data.tags.items() if (legal := tag.removeprefix(NAMES)) != tag}
    named = {told.get(name, name): value for name, value in run.data.metrics.items()}
    readable = {name.replace("\0", "\ufffd").replace("\ud800", "?"): value for name, value in figures.items()}
    assert named == {"loss": 1.0, **readable}


def test_more_classes_than_one_call_takes_are_kept(uri: str) -> None:
    figures = {f"iou_({number})": 0.5 for number in range(256)}
    assert MlflowLog(uri, "pets").write(
        {}, [{"epoch": 0.0, **figures}] * 5, {"long": "x" * 9000}, time.time()
    )
    (run,) = runs(uri)
    assert len(run.data.metrics) == 256


@pytest.mark.parametrize("uri", ["sqlite:////proc/none/mlflow.db", "http://127.0.0.1:9", "nonsense://there"])
def test_a_store_that_fails_costs_a_warning_and_nothing_else(
    uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert MlflowLog(uri, "pets").write({}, HISTORY, {}, time.time()) is None
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"warning: MLflow at {uri}: the run was not logged (")


def test_a_store_that_fails_is_said_while_the_model_trains_and_tried_again_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = f"sqlite:///{tmp_path / 'folder' / 'mlflow.db'}"
    (tmp_path / "folder").write_text("in the way")
    log = MlflowLog(uri, "pets")
    log.open()
    log._pool.submit(int).result(timeout=60)  # its one thread has opened the store, or not
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"warning: MLflow at {uri}: ")
    assert line.endswith("; it is tried again when the training is done")
    (tmp_path / "folder").unlink()
    assert log.write({}, HISTORY, {}, time.time())
    assert capsys.readouterr().out == ""


def test_a_run_that_cannot_be_written_to_its_end_is_failed(
    uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong: History = [{"epoch": 0.0, "loss": cast("float", "no number")}]
    assert MlflowLog(uri, "pets").write({}, wrong, {}, time.time()) is None
    (run,) = runs(uri)
    assert run.info.status == "FAILED"
    assert "no number" in run.data.tags[REASON]
    assert capsys.readouterr().out.startswith(f"warning: MLflow at {uri}")


KILLED = """
import os, signal, sys, time
from pylib.training.mlflow_log import MlflowLog
class Deadly:
    def __str__(self): os.kill(os.getpid(), signal.SIGKILL)
MlflowLog(sys.argv[1], "pets").write({"batch": Deadly()}, [], {}, time.time())
"""


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("", "", "KILLED"),
        ("flow.root.train.executor(0)", "flow.root.train.executor(1)", "KILLED"),
        ("flow.root.train.executor(0)", "other.root.train.executor(1)", "RUNNING"),
        ("flow.root.train.executor(0)", "", "RUNNING"),
    ],
)
def test_what_a_killed_process_left_open_is_ended_by_the_next_run_and_what_another_writes_is_not(
    uri: str, monkeypatch: pytest.MonkeyPatch, first: str, second: str, status: str
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, uri], env={**os.environ, NODE: first}, cwd=ROOT, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert [run.info.status for run in runs(uri)] == ["RUNNING"]
    monkeypatch.setenv(NODE, second)
    made = MlflowLog(uri, "pets").write({}, HISTORY, {}, time.time())
    assert {run.info.status for run in runs(uri) if run.info.run_id != made} == {status}


def test_a_run_that_failed_says_so(uri: str) -> None:
    MlflowLog(uri, "pets").write({}, HISTORY, {REASON: "it diverged"}, time.time(), status="FAILED")
    (run,) = runs(uri)
    assert (run.info.status, run.data.tags[REASON]) == ("FAILED", "it diverged")


def test_an_experiment_that_was_deleted_comes_back(uri: str) -> None:
    assert MlflowLog(uri, "pets").write({}, HISTORY, {}, time.time())
    client = MlflowClient(uri)
    client.delete_experiment(client.get_experiment_by_name("pets").experiment_id)
    assert MlflowLog(uri, "pets").write({}, HISTORY, {}, time.time())


def test_a_log_of_tensorboard_that_cannot_be_written_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    write = tensorboard(tmp_path / "file" / "logs")
    for entry in HISTORY:
        write(entry)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"warning: TensorBoard's log in {tmp_path}/file/logs cannot be written")


def test_tensorboard_takes_any_name_of_a_class(tmp_path: Path) -> None:
    write = tensorboard(tmp_path)
    names = [name for name in CLASSES if name != "\ud800"]
    write({"epoch": 0.0, **{f"iou_{name}": 0.5 for name in names}})
    (file,) = tmp_path.glob("events.*")
    events = [tf.compat.v1.Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(file))]
    found = {value.tag for event in events for value in event.summary.value}
    assert found >= {f"iou_{name}" for name in names}


def test_the_server_of_the_environment_goes_before_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert tracking_uri(tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    assert tracking_uri(tmp_path) == "http://mlflow:5000"
