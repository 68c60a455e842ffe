"""The played backend makes of our compiled pipeline what 2.16 does; needs no cluster."""

from pathlib import Path

import pytest

from tests.on_cluster import kfp
from tests.on_cluster.kfp import Driver, Pipeline
from tests.on_cluster.kubectl import Body

ROOT = Path(__file__).parents[2]
USERS = {"runAsUser": 1000, "runAsGroup": 1000, "runAsNonRoot": True}


@pytest.fixture
def driver() -> Driver:
    pipeline = Pipeline.read((ROOT / "pipelines/compiled/segmentation.yaml").read_text())
    return Driver(pipeline, "ml", {"data": "pets@0"}, "http://k:s@127.0.0.1:9?region=minio", "train:1", USERS)


def _main(driver: Driver, task: str) -> Body:
    for done in driver.pipeline.tasks[: driver.pipeline.tasks.index(task)]:
        driver.keep(done, driver.executor_input(done), {})
    containers = driver.pod(task, driver.executor_input(task))["spec"]["containers"]
    (main,) = [each for each in containers if each["name"] == "main"]
    return dict(main)


def test_a_task_comes_after_what_it_depends_on(driver: Driver) -> None:
    assert driver.pipeline.tasks == ["prepare", "train", "evaluate", "release"]


def test_an_input_is_what_an_earlier_task_left(driver: Driver) -> None:
    given = driver.executor_input("prepare")
    said = {"artifacts": {"shards": {"artifacts": [{"metadata": {"size": 160}}]}}}
    driver.keep("prepare", given, said)
    (shards,) = driver.executor_input("train")["inputs"]["artifacts"]["shards"]["artifacts"]
    (made,) = given["outputs"]["artifacts"]["shards"]["artifacts"]
    assert shards == made | {"metadata": {"size": 160}}


def test_a_step_has_the_variables_that_the_package_gives_it_and_the_backend_s_own(driver: Driver) -> None:
    names = {each["name"] for each in _main(driver, "prepare")["env"]}
    keys = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL"}
    ours = {"PYLIB_STORE", "PYLIB_STEP_HOURS", "PYLIB_NODE"}
    assert names == ours | keys | {"KFP_POD_NAME", "KFP_POD_UID"}


def test_the_release_s_keys_reach_no_other_step(driver: Driver) -> None:
    keys = {
        task: any("GIT_CONFIG" in each["name"] for each in _main(driver, task)["env"])
        for task in driver.pipeline.tasks
    }
    assert keys == {"prepare": False, "train": False, "evaluate": False, "release": True}


@pytest.mark.parametrize(("given", "limit"), [("0", "0"), ("2", "2"), (2, None)])
def test_a_number_of_gpus_is_read_as_text_only(given: object, limit: str | None) -> None:
    compiled = {
        "accelerator": {"resourceCount": "{{$.inputs.parameters['n']}}", "resourceType": "nvidia.com/gpu"}
    }
    made = kfp.resources(compiled, {"inputs": {"parameterValues": {"n": given}}})
    assert made["limits"].get("nvidia.com/gpu") == limit


def test_a_setting_that_is_not_played_is_an_error_and_not_ignored() -> None:
    with pytest.raises(AssertionError, match="pvcMount"):
        kfp.extend({"containers": [{"env": []}]}, {"pvcMount": []}, {})
