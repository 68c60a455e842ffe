"""The smoke test's steps as pods, from what Git holds alone; the model is the laptop's, bit for bit."""

import json
from pathlib import Path
from typing import Any

import pytest

from pylib.provenance.digests import sha256_file
from tests.on_cluster import serving
from tests.on_cluster.kfp import Driver, Pipeline
from tests.on_cluster.kubectl import Kubectl
from tests.on_cluster.models import BUCKET, Store
from tests.on_cluster.platform import Platform, require_tried
from tests.on_cluster.test_pipeline import _profile, _pylib, _step, _users

pytestmark = pytest.mark.cluster
COMPILED = "pipelines/compiled/tabular.yaml"


def test_the_smoke_test_as_pods_makes_the_laptop_s_model(
    kubectl: Kubectl,
    platform: Platform,
    store: Store,
    train_image: str,
    tmp_path: Path,
    record: dict[str, Any],
) -> None:
    require_tried(platform, "ml-user")
    store.make("mlpipeline", "data", BUCKET)
    _profile(kubectl)
    here = {"PYLIB_STORE": "s3://data", "PYLIB_OUTPUT": str(tmp_path), **store.variables}
    run = Path(json.loads(_pylib("run", "tabular", "--json", **here))["run"])
    (model,) = run.glob("*/regress/model/model.onnx")
    commit = json.loads(_pylib("data", "log", "sklearn-diabetes", "--json", **here))[0]
    driver = Driver(
        Pipeline.read(platform.repository.read(COMPILED)),
        serving.NAMESPACE,
        {"data": f"sklearn-diabetes@{commit['id']}"},
        store.url,
        train_image,
        _users(platform),
    )
    record["seconds_of_the_steps"] = {
        task: _step(kubectl, driver, store, task) for task in driver.pipeline.tasks
    }
    uri = driver.artifacts["regress"]["evaluation"]["uri"].removeprefix("minio://")
    judged = json.loads(store.read(f"{uri}/regression.json"))
    assert judged["model_digest"] == sha256_file(model)
    assert judged["gate"]["passed"]
    kept = json.loads(store.read(f"{BUCKET}/models/{judged['model_digest']}/registration.json"))
    assert (kept["name"], kept["data_commit"]) == ("tabular", f"sklearn-diabetes@{commit['id']}")
