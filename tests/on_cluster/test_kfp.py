"""The played backend makes of our compiled pipeline what 2.16 does; needs no cluster."""

import re
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


@pytest.fixture
def looping() -> Driver:
    """Classification with two heads, done as far as the loop."""
    pipeline = Pipeline.read((ROOT / "pipelines/compiled/classification.yaml").read_text())
    given = {"data": "inks@0", "heads": ["svm", "knn_3"], "seed": 7}
    made = Driver(pipeline, "ml", given, "http://k:s@127.0.0.1:9?region=minio", "train:1", USERS)
    for done in ("prepare", "features"):
        made.keep(done, made.executor_input(done), {})
    return made


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


def test_a_loop_is_a_step_an_item_each_with_its_own(looping: Driver) -> None:
    tasks = ["prepare", "features", "for-loop-1", "assemble", "evaluate", "release"]
    assert looping.pipeline.tasks == tasks
    assert looping.steps("features") == ["features"]
    steps = looping.steps("for-loop-1")
    assert steps == ["for-loop-1.0.fit-head", "for-loop-1.1.fit-head"]
    given = [looping.executor_input(each) for each in steps]
    values = [each["inputs"]["parameterValues"] for each in given]
    assert values == [{"name": "svm", "seed": 7}, {"name": "knn_3", "seed": 7}]
    features = {"artifacts": [looping.artifacts["features"]["features"]]}
    assert [each["inputs"]["artifacts"] for each in given] == [{"features": features}] * 2
    one, two = (each["outputs"]["artifacts"]["head"]["artifacts"][0]["uri"] for each in given)
    assert one != two


def test_without_heads_a_loop_goes_over_those_of_the_pipeline(looping: Driver) -> None:
    del looping.parameters["heads"]
    heads = looping.pipeline.spec["root"]["inputDefinitions"]["parameters"]["heads"]["defaultValue"]
    assert len(looping.steps("for-loop-1")) == len(heads) > 2


def test_what_is_collected_is_a_list_of_what_the_iterations_left(looping: Driver) -> None:
    left = []
    for step in looping.steps("for-loop-1"):
        given = looping.executor_input(step)
        looping.keep(step, given, {"artifacts": {"head": {"artifacts": [{"metadata": {"of": step}}]}}})
        left += [
            each | {"metadata": {"of": step}} for each in given["outputs"]["artifacts"]["head"]["artifacts"]
        ]
    taken = looping.executor_input("assemble")["inputs"]["artifacts"]
    assert taken["heads"]["artifacts"] == left
    assert taken["shards"]["artifacts"] == [looping.artifacts["prepare"]["shards"]]


def test_an_iteration_s_pod_runs_the_loop_s_container_under_a_name_that_kubernetes_takes(
    looping: Driver,
) -> None:
    (step, _) = looping.steps("for-loop-1")
    pod = looping.pod(step, looping.executor_input(step))
    assert re.fullmatch(r"classification-\w{5}-fit-head-\w{8}", pod["metadata"]["name"])
    main = pod["spec"]["containers"][-1]
    image = looping.pipeline.spec["deploymentSpec"]["executors"]["exec-fit-head"]["container"]["image"]
    assert (main["name"], main["image"]) == ("main", image)
