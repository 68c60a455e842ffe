"""Seldon's operator as it is played: what it computes, and when it writes again; needs no cluster."""

import copy
from pathlib import Path

import pytest
import yaml

from preflight.render import kustomize
from pylib.serving.deployment import SeldonDeployment
from tests.on_cluster.kubectl import Body
from tests.on_cluster.seldon.made import made_of
from tests.on_cluster.seldon.patch import annotated, is_to_be_written, written_over
from tests.on_cluster.seldon.status import PARTS, Status, same
from tests.preflight.conftest import needs_kustomize

ROOT = Path(__file__).parents[2]
OVERLAYS = ("local", "gpu")
# What the API server fills in, as far as the operator could trip over it.
FILLED_IN = {"progressDeadlineSeconds": 600, "revisionHistoryLimit": 10}


def served(overlay: str) -> Body:
    """The SeldonDeployment as Argo CD installs it."""
    text = kustomize.build(ROOT / f"cluster-conf/models/segmentation/overlays/{overlay}")
    (body,) = [each for each in yaml.safe_load_all(text) if each["kind"] == "SeldonDeployment"]
    body["metadata"]["uid"] = "of-the-server"
    made: Body = body
    return made


def stored(written: Body) -> Body:
    """A Deployment as the API server and the Deployment's own controller leave it."""
    found = copy.deepcopy(written)
    found["spec"] = {"replicas": 1, **FILLED_IN, **found["spec"]}
    found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1"
    found["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]["successThreshold"] = 1
    return found


def released(body: Body, digest: str) -> Body:
    """The same with another model."""
    made = copy.deepcopy(body)
    made["spec"]["predictors"][0]["graph"]["parameters"][0]["value"] = digest
    return made


def writes(body: Body, turns: int = 5) -> list[int]:
    """How many of so many turns write the Deployment: after it was made, and after a release."""
    scaled = bool(made_of(body).scalers)
    found, counts = stored(annotated(made_of(body).deployments[0])), []
    for version in (body, released(body, "a" * 64)):
        (wanted,) = made_of(version).deployments
        count = 0
        for _ in range(turns):
            if is_to_be_written(found, wanted, scaled=scaled):
                found, count = stored(written_over(found, wanted)), count + 1
        counts.append(count)
    return counts


@needs_kustomize
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_release_is_written_once(overlay: str) -> None:
    assert writes(served(overlay)) == [0, 1]


@needs_kustomize
def test_with_a_number_of_pods_and_no_autoscaler_too() -> None:
    body = served("local")
    del body["spec"]["predictors"][0]["componentSpecs"][0]["hpaSpec"]
    body["spec"]["predictors"][0]["replicas"] = 1
    assert writes(body) == [0, 1]


@needs_kustomize
def test_with_neither_it_writes_for_ever_after_the_first_release() -> None:
    body = served("local")
    del body["spec"]["predictors"][0]["componentSpecs"][0]["hpaSpec"]
    assert writes(body) == [0, 5]


@needs_kustomize
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_release_keeps_the_pods_that_the_autoscaler_asked_for(overlay: str) -> None:
    body = served(overlay)
    found = stored(annotated(made_of(body).deployments[0]))
    found["spec"]["replicas"] = 7
    (wanted,) = made_of(body).deployments
    assert not is_to_be_written(found, wanted, scaled=True)
    (wanted,) = made_of(released(body, "a" * 64)).deployments
    assert written_over(found, wanted)["spec"]["replicas"] == 7


@needs_kustomize
def test_pylib_serve_gives_the_model_what_the_operator_gives_it() -> None:
    body = released(served("local"), "a" * 64)
    (deployment,) = made_of(body).deployments
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    there = {each["name"]: each["value"] for each in container["env"]}
    read = {key: body[key] for key in ("apiVersion", "kind", "metadata", "spec")}
    here = SeldonDeployment.model_validate(read).environment(http=9000, grpc=9500, metrics=6000)
    for name in ("PREDICTIVE_UNIT_PARAMETERS", "PREDICTOR_LABELS"):
        assert yaml.safe_load(here.pop(name)) == yaml.safe_load(there.pop(name))
    assert here.items() <= there.items()


@needs_kustomize
def test_each_predictor_has_its_own_pods_service_and_autoscaler() -> None:
    body = served("local")
    (first,) = body["spec"]["predictors"]
    body["spec"]["predictors"] = [
        {**first, "traffic": 90},
        {**copy.deepcopy(first), "name": "next", "traffic": 10},
    ]
    made = made_of(body)
    names = ["segmentation-default-0-model", "segmentation-next-0-model"]
    assert [each["metadata"]["name"] for each in made.deployments] == names
    assert [each["metadata"]["name"] for each in made.scalers] == names
    assert [each["metadata"]["name"] for each in made.services] == [
        "segmentation-default-model",
        "segmentation-default",
        "segmentation-next-model",
        "segmentation-next",
    ]
    route, *_ = made.routes
    assert [each["weight"] for each in route["spec"]["http"][0]["route"]] == [90, 10]


def test_a_status_says_ready_once_all_of_its_parts_are() -> None:
    status = Status(None)
    for part in PARTS:
        status.condition(part, "True", "done")
        ready = {each["type"]: each["status"] for each in status.written("Creating")["conditions"]}
        assert (ready.get("Ready") == "True") == (part == PARTS[-1])
    assert "observedGeneration" not in status.written("Available")
    status.condition("ServicesReady", "False", "Not all services created")
    ready = {each["type"]: each["status"] for each in status.written("Creating")["conditions"]}
    assert ready["Ready"] == "False"


def test_the_time_of_a_condition_alone_is_nothing_to_write() -> None:
    status = Status(None)
    status.condition("HpasReady", "True", "done")
    before = status.written("Creating")
    after = copy.deepcopy(before)
    after["conditions"][0]["lastTransitionTime"] = "2026-11-28T00:00:00Z"
    assert same(before, after)
    assert not same(before, {**after, "state": "Available"})


def test_what_is_played_is_what_the_operator_made() -> None:
    body, deployment, *others = recorded()
    made = made_of(body)
    (played,) = made.deployments
    del deployment["spec"]["replicas"]  # not computed, but found
    assert played == deployment
    for each in (*made.services, *made.scalers, *made.routes):
        assert each in others
        others.remove(each)
    assert others == []


@pytest.mark.parametrize("overlay", OVERLAYS)
@needs_kustomize
def test_the_recorded_deployment_is_that_of_git(overlay: str) -> None:
    """But for its name, which was another then."""
    bodies = recorded()[0], released(served(overlay), "a" * 64)
    before, now = (body["spec"] for body in bodies)
    assert [body["spec"].pop("name") for body in bodies] == [body["metadata"]["name"] for body in bodies]
    for spec in (before, now):
        spec["predictors"][0]["componentSpecs"][0].pop("hpaSpec")
        spec["predictors"][0]["graph"].pop("parameters")
        spec["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0].pop("image")
    assert before == now, "record it again: the operator may do something else with it"


def recorded() -> list[Body]:
    """What the operator made, with the SeldonDeployment first."""
    return list(yaml.safe_load_all((ROOT / "tests/on_cluster/seldon/recorded.yaml").read_text()))
