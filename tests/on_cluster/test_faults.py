"""What seeded faults cost that are pushed all the same: each is one that `preflight validate` finds.

Ten are refused, by the API server, by Argo CD or by Pod Security; the others, which nobody refuses, show what
they do. They are cases of tests/manifests, and test_seeded_faults.py is the test that they are found.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import yaml

from tests.on_cluster import argocd, serving
from tests.on_cluster.authorizer import ask, service_account
from tests.on_cluster.kubectl import Kubectl
from tests.on_cluster.platform import Platform, require_tried
from tests.on_cluster.waiting import require, until
from tests.preflight.cases import Case, case
from tests.preflight.faults import application, plant

pytestmark = pytest.mark.cluster
# What is planted at the same time touches different applications, or different fields of the same object.
REFUSED = (
    (
        "project-destination-not-permitted",
        "host-path",
        "non-existent-volume",
        "schema-enum",
        "schema-quantity",
    ),
    ("build-failed", "mismatching-selector", "schema-unknown-field", "duplicate-resource"),
    ("project-kind-not-permitted",),
)
SUFFERED = (("dangling-service", "katib-step"), ("prunable-claim",), ("cluster-admin-role-binding",))
SECONDS = 300


@dataclass(frozen=True)
class Round:
    """Faults that are pushed in one commit, and the events that there were before."""

    faults: dict[str, Case]
    platform: Platform
    events: frozenset[str]


@pytest.fixture(scope="module")
def planted(request: pytest.FixtureRequest, kubectl: Kubectl, installed: Platform) -> Iterator[Round]:
    """A round of faults, pushed; reverted in the end, when the platform is well again."""
    faults = {name: case(f"{name}-seeded") for name in (*REFUSED[request.param], *SUFFERED[request.param])}
    require_tried(installed, *map(application, faults.values()))
    repository, base = installed.repository, installed.repository.head
    before = frozenset(event["metadata"]["uid"] for event in kubectl.list("events"))
    for each in faults.values():
        plant(each, repository.folder)
    repository.push(", ".join(faults))
    applications = sorted({"root", *map(application, faults.values())})
    argocd.tell(kubectl, *applications)
    yield Round(faults, installed, before)
    repository.restore(base)
    for name in applications:
        argocd.wait_until_good(kubectl, name, repository.head, seconds=180)


def _said(kubectl: Kubectl, planted: Round, application: str) -> str:
    """What the application's status and new events say."""
    found = kubectl.find("applications.argoproj.io", application, argocd.NAMESPACE)
    events = [
        event.get("message", "")
        for event in kubectl.list("events")
        if event["metadata"]["uid"] not in planted.events
    ]
    return "\n".join([argocd.state(found).message if found else "", *events])


@pytest.mark.parametrize(
    ("planted", "name"),
    [(number, name) for number, names in enumerate(REFUSED) for name in names],
    indirect=["planted"],
    scope="module",
)
def test_it_is_refused_with_the_words_that_are_foretold(kubectl: Kubectl, planted: Round, name: str) -> None:
    seeded = planted.faults[name]
    words = seeded.on_cluster or pytest.fail(f"{name} does not say what the cluster says of it")

    def look() -> None:
        argocd.tell(kubectl, application(seeded))
        said = _said(kubectl, planted, application(seeded))
        require(words in said, f"not {words!r}, but {said[-1500:]!r}")

    until(SECONDS, name, look, every=5)


@pytest.mark.parametrize("planted", [0], indirect=True, scope="module")
def test_a_service_without_pods_answers_nobody(kubectl: Kubectl, planted: Round) -> None:
    def look() -> None:
        service = kubectl.get("service", f"{serving.MODEL}-metrics", serving.NAMESPACE)
        require(service["spec"]["selector"] == {"seldon-deployment-id": "modle"}, "it is not synced yet")
        slices = kubectl.list(
            "endpointslices", serving.NAMESPACE, f"kubernetes.io/service-name={serving.MODEL}-metrics"
        )
        addresses = [end for each in slices for end in each.get("endpoints") or []]
        require(not addresses, f"it has {len(addresses)} pods")

    until(SECONDS, "the model's metrics without a pod", look)
    assert kubectl.list("pods", serving.NAMESPACE, serving.SELECTOR), "the model itself runs"


@pytest.mark.parametrize("planted", [0], indirect=True, scope="module")
def test_no_server_minds_a_wrong_experiment(kubectl: Kubectl, planted: Round) -> None:
    def look() -> None:
        require(kubectl.find("experiments.kubeflow.org", "sweep", "ml"), "it is not there")

    until(SECONDS, "an experiment whose steps leave its space", look)


@pytest.mark.parametrize("planted", [1], indirect=True, scope="module")
def test_an_unmarked_claim_goes_with_its_line_and_takes_its_data(kubectl: Kubectl, planted: Round) -> None:
    def unmarked() -> None:
        options = "argocd.argoproj.io/sync-options"
        claim = kubectl.get("persistentvolumeclaim", "workbench", "ml")
        require(options not in (claim["metadata"].get("annotations") or {}), "it is marked")

    until(SECONDS, "the claim without its mark", unmarked)
    repository, file = planted.platform.repository, "cluster-conf/notebook/overlays/local/kustomization.yaml"
    leave_out = "{$patch: delete, apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: x}}"
    patches = [{"target": {"kind": "PersistentVolumeClaim"}, "patch": leave_out}]
    repository.write(file, yaml.safe_dump({**yaml.safe_load(repository.read(file)), "patches": patches}))
    repository.push("The claim is moved elsewhere")

    def gone() -> None:
        argocd.tell(kubectl, "notebook")
        claim = kubectl.find("persistentvolumeclaim", "workbench", "ml")
        require(not claim or "deletionTimestamp" in claim["metadata"], "it is there")

    until(SECONDS, "the claim gone", gone, every=5)


@pytest.mark.parametrize("planted", [2], indirect=True, scope="module")
def test_one_binding_opens_the_whole_cluster(kubectl: Kubectl, planted: Round) -> None:
    question = (service_account("mlflow", "mlflow"), "delete nodes")

    def look() -> None:
        require(ask(kubectl, [question])[question].allowed, "MLflow may not delete nodes")

    until(SECONDS, "MLflow's account may do everything", look)
