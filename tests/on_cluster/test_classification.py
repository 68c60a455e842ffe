"""Classification's steps as pods, a loop's among them, from what Git holds alone: the laptop's model."""

import json
from pathlib import Path
from typing import Any

import pytest

from pylib.provenance.digests import sha256_file
from tests.on_cluster import serving
from tests.on_cluster.kfp import Driver, Pipeline
from tests.on_cluster.kubectl import Kubectl
from tests.on_cluster.models import Store
from tests.on_cluster.platform import Platform, require_tried
from tests.on_cluster.test_pipeline import _profile, _pylib, _step, _users

pytestmark = pytest.mark.cluster
COMPILED = "pipelines/compiled/classification.yaml"
RELEASE = "release"
"""It is segmentation's test that releases: what a release is does not differ by task."""


def test_the_steps_as_pods_make_the_laptop_s_classifier(
    kubectl: Kubectl,
    platform: Platform,
    store: Store,
    train_image: str,
    tmp_path: Path,
    record: dict[str, Any],
) -> None:
    require_tried(platform, "ml-user")
    store.make("mlpipeline", "data")
    _profile(kubectl)
    here = {"PYLIB_STORE": "s3://data", "PYLIB_OUTPUT": str(tmp_path), **store.variables}
    data = _pylib("data", "ingest", "sample", "--task", "classification", **here)
    run = Path(json.loads(_pylib("run", "classification", "--data", data, "--json", **here))["run"])
    (model,) = run.glob("*/assemble/model/model.onnx")
    driver = Driver(
        Pipeline.read(platform.repository.read(COMPILED)),
        serving.NAMESPACE,
        {"data": data},
        store.url,
        train_image,
        _users(platform),
    )
    tasks = [task for task in driver.pipeline.tasks if task != RELEASE]
    record["seconds_of_the_steps"] = {
        step: _step(kubectl, driver, store, step) for task in tasks for step in driver.steps(task)
    }
    uri = driver.artifacts["evaluate"]["evaluation"]["uri"].removeprefix("minio://")
    judged = json.loads(store.read(f"{uri}/evaluation.json"))
    assert judged["model_digest"] == sha256_file(model)
    assert judged["gate"]["passed"]
