"""A whole training run: repeatable to the bit, killed and resumed, or refused."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from mlflow.tracking import MlflowClient

from pylib.data.shards import load_split
from pylib.errors import ConfigurationError, DataError, ModelError
from pylib.models.storage import load_model, weights_sha256
from pylib.tasks.task import find
from pylib.training.config import training_config
from pylib.training.mlflow_log import REASON
from pylib.training.run import train
from tests.training.test_determinism import OUTSIDE

SCRIPT = """
import json, os, sys
if len(sys.argv) > 6:
    os.sched_setaffinity(0, {int(sys.argv[6])})
from pathlib import Path
from pylib.training.config import training_config
from pylib.training.run import train
shards, output, scratch, weights = map(Path, sys.argv[1:5])
config = training_config(
    "segmentation", epochs=8, patience=8, batch=8, filters=(8, 8, 8, 8), dropout=0.2, learning_rate=5e-3
)
result = train(shards, output, config, weights=weights, scratch=scratch, tracking=sys.argv[5])
print(json.dumps({
    "sha256": result.weights_sha256,
    "resumed_at": result.resumed_at,
    "threads": result.environment.threads,
    "mlflow_run": result.mlflow_run,
}))
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keras.utils.set_random_seed(5)
    path = tmp_path_factory.mktemp("weights") / "encoder.weights.h5"
    shape = (224, 224, 3)
    keras.applications.MobileNetV2(
        alpha=0.35, include_top=False, weights=None, input_shape=shape
    ).save_weights(path)
    return path


def start(
    shards: Path, output: Path, weights: Path, *, core: int | None = None, **outside: str
) -> "subprocess.Popen[str]":
    """A run in its own process; on that core alone, and with what a shell may have set."""
    scratch, database = output.with_suffix(".scratch"), f"sqlite:///{output.with_suffix('.db')}"
    places = [str(place) for place in (shards, output, scratch, weights)]
    arguments = [sys.executable, "-c", SCRIPT, *places, database, *([] if core is None else [str(core)])]
    return subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | outside,
    )


def finish(process: "subprocess.Popen[str]") -> dict[str, object]:
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


def kill_after_an_epoch(process: "subprocess.Popen[str]", scratch: Path) -> None:
    while not list(scratch.glob("checkpoints/*.npz")):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_bytes(shards: Path, weights: Path, tmp_path: Path) -> None:
    undisturbed = start(shards, tmp_path / "whole", weights)
    kill_after_an_epoch(start(shards, tmp_path / "killed", weights), tmp_path / "killed.scratch")
    assert not (tmp_path / "killed").exists()
    resuming = start(shards, tmp_path / "killed", weights)
    whole, resumed = finish(undisturbed), finish(resuming)

    assert whole["resumed_at"] == 0
    assert resumed["resumed_at"] in range(1, 8)
    assert resumed["sha256"] == whole["sha256"]
    for name in ("model.weights.h5", "model.json", "history.json", "dataset.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert whole["mlflow_run"]
    assert not list(tmp_path.glob("*.scratch/checkpoints/*"))
    check_model_folder(tmp_path / "whole", shards)


@pytest.mark.slow
def test_neither_the_environment_outside_nor_the_number_of_cores_changes_a_bit(
    shards: Path, weights: Path, tmp_path: Path
) -> None:
    runs = {
        "as it is": start(shards, tmp_path / "plain", weights),
        "AVX2": start(shards, tmp_path / "avx2", weights, ONEDNN_MAX_CPU_ISA="AVX2"),
        "beyond": start(shards, tmp_path / "beyond", weights, **OUTSIDE),
        "one core": start(shards, tmp_path / "core", weights, core=min(os.sched_getaffinity(0))),
    }
    found = {name: finish(run) for name, run in runs.items()}
    assert len({run["sha256"] for run in found.values()}) == 1, found
    histories = {path.read_bytes() for path in tmp_path.glob("*/history.json")}
    assert len(histories) == 1


def check_model_folder(folder: Path, shards: Path) -> None:
    """The stored weights are those of the best epoch: they score on validation what the history says."""
    segmentation = find("segmentation")
    record = json.loads((folder / "history.json").read_text())
    history, digests = record["epochs"], record["weights_sha256"]
    best = max(range(len(history)), key=lambda epoch: history[epoch]["mean_iou"])
    assert len(set(digests)) == len(history)
    assert weights_sha256(load_model(folder)) == digests[best]
    images, masks = load_split(shards, "validation")
    logits = segmentation.network.trained_part(load_model(folder))(np.asarray(images), training=False)
    total = segmentation.objective.measure(masks, logits).numpy()
    scores = segmentation.objective.summary(total, ("object", "background", "border"))
    assert scores["mean_iou"] == pytest.approx(max(entry["mean_iou"] for entry in history), abs=1e-3)
    assert [entry["epoch"] for entry in history] == list(range(len(history)))


def refused(shards: Path, tmp_path: Path, **options: object) -> str:
    """The message of a run that does not start; nothing may be left of it."""
    weights = options.pop("weights", "none")
    config = training_config("segmentation", **options)
    with pytest.raises((ConfigurationError, DataError, ModelError)) as caught:
        train(shards, tmp_path / "model", config, weights=weights, scratch=tmp_path / "s")
    assert not (tmp_path / "model").exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_frozen_encoder_needs_weights(shards: Path, tmp_path: Path) -> None:
    assert "frozen" in refused(shards, tmp_path, frozen=True)


def test_weights_must_exist(shards: Path, tmp_path: Path) -> None:
    assert "no.weights.h5" in refused(shards, tmp_path, weights=tmp_path / "no.weights.h5")


def test_shards_must_exist(tmp_path: Path) -> None:
    assert str(tmp_path) in refused(tmp_path, tmp_path)


def test_an_image_size_must_be_divisible_by_32(shards: Path, tmp_path: Path) -> None:
    index = json.loads((shards / "index.json").read_text())
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "index.json").write_text(json.dumps(index | {"image_size": 40}))
    assert "image_size" in refused(tmp_path / "odd", tmp_path)


def test_a_training_that_fails_is_failed_in_mlflow_too(shards: Path, tmp_path: Path) -> None:
    config = training_config("segmentation", epochs=1, batch=8, filters=(8, 8, 8, 8))
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "checkpoints").write_text("in the way of the checkpoint")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    with pytest.raises(OSError, match="checkpoints"):
        train(shards, tmp_path / "model", config, scratch=tmp_path / "scratch", tracking=uri)
    client = MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("discs").experiment_id])
    assert run.info.status == "FAILED"
    assert "checkpoints" in run.data.tags[REASON]
    assert run.data.params["batch"] == "8"
