"""What a run leaves in TensorBoard and MLflow."""

import time
from pathlib import Path

import pytest
import tensorflow as tf

from pylib.training.tracking import MlflowLog, tensorboard, tracking_uri

HISTORY = [
    {"epoch": 0.0, "loss": 1.5, "mean_iou": 0.25},
    {"epoch": 1.0, "loss": 0.5, "mean_iou": 0.75},
]


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
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("pets").experiment_id])
    assert run.info.run_id == run_id
    assert run.info.status == "FINISHED"
    assert run.data.params == {"batch": "8", "filters": "(8, 4)"}
    assert run.data.metrics == {"loss": 0.5, "mean_iou": 0.75}
    assert run.data.tags["model_folder"] == "m"
    points = client.get_metric_history(run_id, "mean_iou")
    assert [(point.step, point.value) for point in points] == [(0, 0.25), (1, 0.75)]


@pytest.mark.parametrize("uri", ["sqlite:////proc/none/mlflow.db", "http://127.0.0.1:9", "nonsense://there"])
def test_a_store_that_fails_costs_a_warning_and_nothing_else(
    uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert MlflowLog(uri, "pets").write({}, HISTORY, {}, time.time()) is None
    assert f"MLflow at {uri}: the run was not logged" in caplog.text
    assert "Traceback" not in caplog.text


def test_the_server_of_the_environment_goes_before_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert tracking_uri(tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    assert tracking_uri(tmp_path) == "http://mlflow:5000"
