"""`pylib run --cluster` and `pylib status` as a person sees them: real processes, HTTP, gRPC."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pylib.store.opening import open_store
from tests.data.index import WHOLE, data_set
from tests.runners.kubectl_stand_in import KubectlStandIn
from tests.runners.pipelines_api import run, serving, succeeded, task
from tests.store.standin import serving as pachd

PYLIB = Path(sys.executable).with_name("pylib")
DATA = ("--data", "sample@master", "--cluster")


@pytest.fixture
def there(tmp_path):
    """A cluster, and the environment of a person who has forwarded its ports and has a kubeconfig."""
    kubectl = KubectlStandIn(tmp_path)
    kubectl.connected()
    with serving() as api, pachd() as (_, address):
        open_store(f"pachd://{address}").commit("sample", {"dataset.json": data_set(**WHOLE).dumps()})
        api.environment = {
            "PATH": f"{kubectl.folder}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "KF_PIPELINES_ENDPOINT": api.url,
            "PACHD_ADDRESS": f"pachd://{address}",
            "PYLIB_OUTPUT": str(tmp_path / "out"),
        }
        yield api


def pylib(there, *arguments):
    return subprocess.run(
        [PYLIB, *arguments], capture_output=True, text=True, env=there.environment, check=False, timeout=120
    )


def test_a_run_shows_its_steps_and_what_kubeflow_adds(there, tmp_path):
    there.looks = [succeeded()]
    done = pylib(there, "run", "segmentation", *DATA)
    assert done.returncode == 0, done.stderr
    assert "train: succeeded" in done.stderr
    assert "succeeded in 120 s, of which 40 s are Kubeflow Pipelines' own" in done.stderr
    [body] = there.submitted
    assert body["runtime_config"]["parameters"]["gpus"] == "0", "what the cluster says"
    shown = json.loads(pylib(there, "status", "--json").stdout)
    assert shown["cluster_run"] == "r1"
    assert shown["steps"] == "prepare 20 s, train 20 s, evaluate 20 s, release 20 s"
    assert shown["kubeflow"] == "40 s of its own beside 80 s of steps"


def test_a_misspelt_option_is_refused_before_anything_is_submitted(there):
    done = pylib(there, "run", "segmentation", *DATA, "-p", 'options={"epoch": 3}')
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: training configuration: no option 'epoch'; did you mean epochs?\n"
    assert there.submitted == []


def test_interrupted_it_says_that_the_run_goes_on_and_how_to_end_it(there):
    there.looks = [run("RUNNING", task("train", "RUNNING", 10))]
    process = subprocess.Popen(
        [PYLIB, "run", "segmentation", *DATA], stderr=subprocess.PIPE, text=True, env=there.environment
    )
    deadline = time.monotonic() + 90
    while ("GET", "/apis/v2beta1/runs/r1") not in there.calls and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode not in {0, None}
    assert "run r1 goes on; `pylib status` shows how far it is; to end it: " in said
    assert (
        "kubectl get -n ml workflows.argoproj.io -l pipeline/runid=r1 -o name | xargs kubectl patch" in said
    )
    assert "Traceback" not in said
    shown = json.loads(pylib(there, "status", "--json").stdout)
    assert (shown["state"], shown["steps"]) == ("running", "train running")
    assert "kubeflow" not in shown, "nobody knows it before the end"


def test_a_failed_run_is_one_line_and_status_keeps_it(there):
    there.looks = [run("FAILED", task("train", "FAILED", 10, 40, tries=2), ended=60)]
    done = pylib(there, "run", "segmentation", *DATA)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: run r1 failed in train (see ")
    shown = json.loads(pylib(there, "status", "--json").stdout)
    assert (shown["state"], shown["steps"]) == ("failed", "train 30 s")
    assert shown["kubeflow"] == "30 s of its own beside 30 s of steps"


def test_doctor_walks_the_way_and_fails_where_it_ends(there):
    there.environment["KF_PIPELINES_TOKEN"] = "stale"
    done = pylib(there, "doctor", "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert checks["Pipelines API"]["found"]
    assert not checks["token, namespace"]["found"]
    assert done.returncode == 1
    assert "token, namespace is missing: Kubeflow Pipelines at" in done.stderr
