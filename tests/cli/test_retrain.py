"""The verbs that pods of retraining run: what they say where they cannot do it, and what they print."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from pylib.cli.retrain import retrain_app
from pylib.provenance.materials import ROOT
from pylib.runners import data_commit
from tests.runners import pachyderm_server

SPEC = ROOT / "cluster-conf/pachyderm/base/retrain/pipeline.yaml"


def pylib(*arguments, **environment):
    command = [sys.executable, "-c", "from pylib.cli import main; main()", "retrain", *arguments]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PACH", "KUBE"))}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env={**kept, **environment}
    )


def test_a_pipeline_is_made_and_then_left_alone():
    with pachyderm_server.serving() as (_held, address):
        said = [pylib("pipeline", str(SPEC), PACHD_ADDRESS=address).stdout.strip() for _ in range(2)]
    assert said == ["pipeline retrain: created", "pipeline retrain: unchanged"]


def test_a_worker_outside_of_pachyderm_says_where_it_belongs():
    done = pylib("start", "images@master", "--namespace=ml")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: images_COMMIT is not set: this runs in the worker of a Pachyderm pipeline")


def test_a_training_without_a_cluster_says_what_is_missing(tmp_path):
    done = pylib(
        "segmentation",
        "--cluster",
        "--data=images@master",
        "--namespace=ml",
        KUBECONFIG=str(tmp_path / "none"),
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: no Kubernetes API: ")


def test_what_a_worker_says_of_a_job_is_one_line_however_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pod's log has no width: a name and a commit that are wrapped can neither be searched nor copied."""
    commit = "83af62e216964b05ae6852d298c8d313"
    said = f"Job ml/retrain-{commit} was made for images@{commit}"

    def start(*_: object, listen: Callable[[str], None], **__: object) -> str:
        listen(said)
        return f"retrain-{commit}"

    monkeypatch.setattr(data_commit, "start", start)
    done = CliRunner().invoke(retrain_app, ["start", "images@master", "--namespace=ml"])
    assert done.stderr.splitlines() == [said, f"Job ml/retrain-{commit} succeeded"]
