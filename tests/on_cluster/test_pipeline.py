"""The whole pipeline as pods, from what Git holds alone; its model is the laptop's, bit for bit."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.on_cluster import argocd, pods, serving
from tests.on_cluster.kfp import ACCOUNT, Driver, Pipeline
from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.models import Store
from tests.on_cluster.platform import Platform, require_tried
from tests.on_cluster.waiting import until

pytestmark = pytest.mark.cluster
COMPILED = "pipelines/compiled/segmentation.yaml"
PARAMETERS: Body = {"options": {"epochs": 5}}
"""Enough for the gate; a run with the defaults takes twice as long."""


@dataclass(frozen=True)
class Laptop:
    """What this machine makes of the built-in sample: the data's commit, and the model released from it."""

    data: str
    digest: str


def _pylib(*arguments: str, **variables: str) -> str:
    command = [sys.executable, "-c", "from pylib.cli import main; main()", *arguments]
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PYLIB_"))}
    done = subprocess.run(
        command, env=clean | variables, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Laptop:
    """The pipeline as `./run_e2e.sh` runs it."""
    output = tmp_path_factory.mktemp("laptop")
    data = _pylib("data", "ingest", "sample", PYLIB_OUTPUT=str(output))
    options = f"options={json.dumps(PARAMETERS['options'])}"
    said = _pylib("run", "segmentation", "--data", data, "-p", options, "--json", PYLIB_OUTPUT=str(output))
    (file,) = Path(json.loads(said)["run"]).glob("*/release/released/release.json")
    return Laptop(data, json.loads(file.read_text())["digest"])


@pytest.fixture
def put_back(kubectl: Kubectl, platform: Platform) -> Iterator[None]:
    """The platform's repository as it was before the test released a model to it."""
    before = platform.repository.head
    yield
    platform.repository.pull()
    if platform.repository.head != before:
        platform.repository.restore(before)
        argocd.wait_until_good(kubectl, serving.APPLICATION, platform.repository.head, seconds=180)


def _users(platform: Platform) -> Body:
    """Whose user a step is: what our installation of Kubeflow Pipelines says."""
    text = platform.repository.read("cluster-conf/pipelines/base/pipeline-install-config.yaml")
    said = yaml.safe_load(text)["data"]
    return {
        "runAsUser": int(said["defaultSecurityContextRunAsUser"]),
        "runAsGroup": int(said["defaultSecurityContextRunAsGroup"]),
        "runAsNonRoot": said["defaultSecurityContextRunAsNonRoot"] == "true",
    }


def _profile(kubectl: Kubectl) -> None:
    """What the profile controller gives a profile, as far as a step needs it, where no controller is real."""
    if kubectl.find("serviceaccount", ACCOUNT, serving.NAMESPACE) is None:
        metadata = {"name": ACCOUNT, "namespace": serving.NAMESPACE}
        kubectl.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})


def _step(kubectl: Kubectl, driver: Driver, store: Store, task: str) -> float:
    """Run one step to its end as Kubeflow Pipelines does; its seconds."""
    started = time.monotonic()
    kubectl.run("create", "--dry-run=server", "--filename=-", text=json.dumps(driver.driver_pod(task)))
    given = driver.executor_input(task)
    with pods.running(kubectl, driver.pod(task, given)) as name:
        codes = pods.exit_codes(kubectl, name, driver.namespace, 600)
        said = pods.log(kubectl, name, driver.namespace, "main")
    assert codes == {"init": 0, "kfp-launcher": 0, "wait": 0, "main": 0}, f"{task}: {codes}\n{said}"
    driver.keep(task, given, json.loads(store.read(given["outputs"]["outputFile"].removeprefix("/minio/"))))
    return round(time.monotonic() - started, 1)


@pytest.mark.usefixtures("put_back")
def test_the_pipeline_as_pods_releases_the_laptop_s_model(
    kubectl: Kubectl,
    platform: Platform,
    store: Store,
    train_image: str,
    laptop: Laptop,
    record: dict[str, Any],
) -> None:
    require_tried(platform, "ml-user", serving.APPLICATION)
    store.make("mlpipeline", "data")
    _profile(kubectl)
    data = _pylib("data", "ingest", "sample", PYLIB_STORE="s3://data", **store.variables)
    assert data == laptop.data
    driver = Driver(
        Pipeline.read(platform.repository.read(COMPILED)),
        serving.NAMESPACE,
        {"data": data, **PARAMETERS},
        store.url,
        train_image,
        _users(platform),
    )
    record["seconds_of_the_steps"] = {
        task: _step(kubectl, driver, store, task) for task in driver.pipeline.tasks
    }
    uri = driver.artifacts["release"]["released"]["uri"].removeprefix("minio://")
    released = json.loads(store.read(f"{uri}/release.json"))
    assert released["digest"] == laptop.digest
    assert released["data_commit"] == laptop.data
    assert platform.repository.pull() == released["commit"]
    argocd.wait_until_good(kubectl, serving.APPLICATION, released["commit"], seconds=180)
    until(120, f"pods of {laptop.digest[:12]}", lambda: serving.rolled_out(kubectl, laptop.digest))
