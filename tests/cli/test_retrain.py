"""The verbs that pods of retraining run: what they say where they cannot do it, and what they print."""

import os
import subprocess
import sys

from pylib.provenance.materials import ROOT
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
        "run", "segmentation", "--data=images@master", "--namespace=ml", KUBECONFIG=str(tmp_path / "none")
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: no Kubernetes API: ")
