"""A search on the real API server, as the account that steps have; its trial's pod runs, and Katib is played.

The Experiment is the repository's smallest with one trial. What the pod reports is what the same command
reports on this machine.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from katib.collectors import Reported, collect
from katib.experiment import Experiment
from katib.substitution import trial_object
from tests.on_cluster import katib, pods, serving
from tests.on_cluster.conftest import ROOT
from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.models import Store
from tests.on_cluster.platform import Platform, require_tried
from tests.on_cluster.test_access import NAME, _with_token
from tests.on_cluster.test_pipeline import _pylib
from tests.on_cluster.waiting import require, until

pytestmark = pytest.mark.cluster
KIND = "experiments.kubeflow.org"
ASSIGNMENTS = {"learning_rate": "0.004", "dropout": "0.1", "batch": "16", "filters": "32,24,16,8"}


@pytest.fixture
def owner(kubectl: Kubectl, platform: Platform, tmp_path: Path) -> Kubectl:
    """The cluster, as the account that pylib is there."""
    require_tried(platform, "ml-user")
    token = kubectl.run("create", "token", NAME, f"--namespace={serving.NAMESPACE}")
    return _with_token(kubectl, token, tmp_path)


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """The repository's smallest Experiment, with one trial."""
    body = yaml.safe_load((ROOT / "pipelines/sweeps/smoke.yaml").read_text())
    body["spec"] |= {"parallelTrialCount": 1, "maxTrialCount": 1, "maxFailedTrialCount": 1}
    file = tmp_path / "smoke.yaml"
    file.write_text(yaml.safe_dump(body, sort_keys=False))
    return file


@contextmanager
def _searching(
    owner: Kubectl, file: Path, data: str, here: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """`pylib sweep run --cluster`, as long as the block."""
    command = [sys.executable, "-c", "from pylib.cli import main; main()", "sweep", "run", str(file)]
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PYLIB_"))}
    with subprocess.Popen(
        [*command, "--cluster", "--namespace", serving.NAMESPACE, "--data", data, "--json"],
        env=clean | here | {"KUBECONFIG": str(owner.config)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def _created(kubectl: Kubectl, process: subprocess.Popen[str]) -> Experiment:
    if process.poll() is not None:
        assert process.stderr
        pytest.fail(process.stderr.read(), pytrace=False)
    found = kubectl.find(KIND, "smoke", serving.NAMESPACE)
    require(found, "it is not there")
    return Experiment(found or {})


def _log(kubectl: Kubectl, made: Body) -> str:
    """What the collector found in the trial's own file, once the pod has ended."""
    name, namespace = made["metadata"]["name"], serving.NAMESPACE
    selector = f"batch.kubernetes.io/job-name={name}"

    def look() -> str:
        found = kubectl.list("pods", namespace, selector)
        require(found, "the Job has no pod")
        return str(found[0]["metadata"]["name"])

    pod = until(60, f"the pod of {name}", look)
    codes = pods.exit_codes(kubectl, pod, namespace, katib.SECONDS)
    said = pods.log(kubectl, pod, namespace, katib.COLLECTOR)
    assert codes == {"train": 0, katib.COLLECTOR: 0}, f"{codes}\n{said}"
    return said


def _here(experiment: Experiment, data: str, here: Mapping[str, str]) -> list[Reported]:
    """What the trial's own command reports on this machine."""
    made: Any = trial_object(experiment, "here", ASSIGNMENTS)
    (container,) = made["spec"]["template"]["spec"]["containers"]
    said = _pylib(*container["command"][1:], **here, PYLIB_DATA=data)
    return collect(experiment, said.splitlines())


def test_a_trial_s_pod_reports_what_this_machine_does_and_the_search_ends_with_it(
    kubectl: Kubectl,
    owner: Kubectl,
    store: Store,
    train_image: str,
    sweep: Path,
    tmp_path: Path,
    record: dict[str, Any],
) -> None:
    store.make("data")
    here = {"PYLIB_STORE": "s3://data", "PYLIB_OUTPUT": str(tmp_path / "out"), **store.variables}
    data = _pylib("data", "ingest", "sample", **here)
    try:
        with _searching(owner, sweep, data, here) as process:
            experiment = until(60, "the Experiment", lambda: _created(kubectl, process))
            made = katib.job(experiment, ASSIGNMENTS, train_image)
            with pods.running(kubectl, made) as trial:
                reported = collect(experiment, _log(kubectl, made).splitlines())
            status = katib.succeeded(experiment, trial, ASSIGNMENTS, reported)
            kubectl.patch(KIND, "smoke", serving.NAMESPACE, {"status": status}, subresource="status")
            said, errors = process.communicate(timeout=120)
    finally:
        kubectl.delete(KIND, "smoke", serving.NAMESPACE)
    assert process.returncode == 0, errors
    assert reported == _here(experiment, data, here)
    optimal = json.loads(said)
    assert (optimal["trial"], optimal["data"]) == (trial, data)
    assert optimal["objective"]["value"] == max(
        float(each.value) for each in reported if each.name == "mean_iou"
    )
    record["search_reported"] = len(reported)
