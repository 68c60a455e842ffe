"""What `preflight diff` foretells of a push is what happens when it is pushed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from preflight.diff.dangers import Danger, Outcome, dangers
from preflight.diff.revisions import differences, revision
from tests.on_cluster import argocd
from tests.on_cluster.changes import (
    CHANGES,
    IMAGE,
    ISTIO,
    NAMESPACE,
    NEXT_NAMESPACE,
    REMOVAL,
    SELECTOR,
    Change,
)
from tests.on_cluster.kubectl import Kubectl
from tests.on_cluster.platform import CLUSTER, Platform, require_tried
from tests.on_cluster.waiting import require, until

pytestmark = pytest.mark.cluster
Key = tuple[str, str, str]  # kind, namespace, name
MYSQL: Key = ("deployment", "kubeflow", "katib-mysql")
OPERATOR: Key = ("deployment", "kubeflow", "training-operator")
ISTIOD: Key = ("deployment", "istio-system", "istiod")
GATEWAY: Key = ("deployment", "istio-system", "istio-ingressgateway")
BOARDS: Key = ("deployment", "kubeflow", "tensorboard-controller-deployment")
BOARDS_KIND: Key = ("customresourcedefinition", "", "tensorboards.tensorboard.kubeflow.org")
MLFLOW: Key = ("deployment", "mlflow", "mlflow")
CLAIM: Key = ("persistentvolumeclaim", "mlflow", "data-postgres-0")
OLD_NAMESPACE: Key = ("namespace", "", "mlflow")
WATCHED = (MYSQL, OPERATOR, ISTIOD, GATEWAY, BOARDS, BOARDS_KIND, MLFLOW, CLAIM, OLD_NAMESPACE)
SECONDS = 300


@dataclass
class Pushed:
    """A push of all changes that can be tried: what was foretold of it, and what there was before."""

    platform: Platform
    foretold: list[Danger] = field(default_factory=list)
    uids: dict[Key, str] = field(default_factory=dict)
    pods: dict[Key, set[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def pushed(kubectl: Kubectl, installed: Platform) -> Iterator[Pushed]:
    """Five changes, each in its commit and of applications of its own; reverted in the end."""
    changes = [each for each in CHANGES if installed.choice.not_tried.keys().isdisjoint(each.applications)]
    applications = ["root", *(name for change in changes for name in change.applications if name != "root")]
    made = Pushed(installed)
    for key in WATCHED:
        made.uids[key] = uid(kubectl, key)
        made.pods[key] = pods(kubectl, key)
    repository, base = installed.repository, installed.repository.head
    for change in changes:
        change.make(repository)
        repository.commit(str(change))
    with revision(repository.folder, base) as old, revision(repository.folder, repository.head) as new:
        (difference,) = differences(old, new, [CLUSTER])
    assert not difference.not_compared, difference.not_compared
    made.foretold = dangers(difference)
    repository.push()
    argocd.tell(kubectl, *applications)
    yield made
    repository.restore(base)
    kubectl.delete("namespace", NEXT_NAMESPACE)
    for name in applications:
        argocd.wait_until_good(kubectl, name, repository.head, seconds=180)


def uid(kubectl: Kubectl, key: Key) -> str:
    kind, namespace, name = key
    return str((kubectl.find(kind, name, namespace) or {}).get("metadata", {}).get("uid", ""))


def pods(kubectl: Kubectl, key: Key) -> set[str]:
    """The pods of a deployment, as its selector finds them."""
    kind, namespace, name = key
    there = kubectl.find(kind, name, namespace) if kind == "deployment" else None
    if there is None:
        return set()
    labels = there["spec"]["selector"]["matchLabels"]
    found = kubectl.list("pods", namespace, ",".join(f"{name}={value}" for name, value in labels.items()))
    return {pod["metadata"]["uid"] for pod in found if pod["status"]["phase"] == "Running"}


def told(pushed: Pushed, change: Change) -> set[tuple[str, str, str]]:
    """What was foretold of a change; the test is skipped where that could not be tried."""
    require_tried(pushed.platform, *change.applications)
    return {
        (each.outcome.value, each.id, each.object)
        for each in pushed.foretold
        if each.application in change.applications
    }


def until_replaced(kubectl: Kubectl, pushed: Pushed, key: Key) -> None:
    """All pods are new, of the same deployment."""

    def look() -> None:
        now = pods(kubectl, key)
        require(now and not now & pushed.pods[key], f"{key} has pods {now & pushed.pods[key] or 'no more'}")

    until(SECONDS, f"new pods of {key[2]}", look)
    assert uid(kubectl, key) == pushed.uids[key]


def until_gone(kubectl: Kubectl, key: Key) -> None:
    until(SECONDS, f"{key} gone", lambda: require(not uid(kubectl, key), "it is there"))


def test_an_image_restarts_pods(kubectl: Kubectl, pushed: Pushed) -> None:
    assert told(pushed, IMAGE) == {(Outcome.RESTARTED, "pods-restart", "Deployment kubeflow/katib-mysql")}
    until_replaced(kubectl, pushed, MYSQL)


def test_a_selector_is_refused_and_what_runs_goes_on(kubectl: Kubectl, pushed: Pushed) -> None:
    what = (Outcome.REFUSED, "immutable-field", "Deployment kubeflow/training-operator")
    assert told(pushed, SELECTOR) == {what}
    argocd.wait_for(
        kubectl, "training-operator", lambda now: "field is immutable" in now.message, "refused", SECONDS
    )
    assert (uid(kubectl, OPERATOR), pods(kubectl, OPERATOR)) == (pushed.uids[OPERATOR], pushed.pods[OPERATOR])


def test_an_application_is_removed_but_its_definition_stays(kubectl: Kubectl, pushed: Pushed) -> None:
    assert told(pushed, REMOVAL) == {
        (Outcome.REMOVED, "application-removed", "Application tensorboard"),
        (Outcome.KEPT, "definition-removed", f"CustomResourceDefinition {BOARDS_KIND[2]}"),
    }
    until_gone(kubectl, ("applications.argoproj.io", argocd.NAMESPACE, "tensorboard"))
    until_gone(kubectl, BOARDS)
    assert uid(kubectl, BOARDS_KIND) == pushed.uids[BOARDS_KIND]


def test_the_next_minor_version_of_istio_is_called_one_and_restarts_it(
    kubectl: Kubectl, pushed: Pushed
) -> None:
    assert (Outcome.UPGRADED, "version-jump") in {each[:2] for each in told(pushed, ISTIO)}
    restarted = {each[2] for each in told(pushed, ISTIO) if each[0] == Outcome.RESTARTED}
    assert {"Deployment istio-system/istiod", "Deployment istio-system/istio-ingressgateway"} <= restarted
    until_replaced(kubectl, pushed, ISTIOD)
    until_replaced(kubectl, pushed, GATEWAY)


def test_a_renamed_namespace_is_made_anew_and_its_data_stays_behind(kubectl: Kubectl, pushed: Pushed) -> None:
    what = (Outcome.RECREATED, "namespace-renamed", f"Namespace {NEXT_NAMESPACE}")
    assert what in told(pushed, NAMESPACE)
    until_gone(kubectl, MLFLOW)
    anew = ("deployment", NEXT_NAMESPACE, "mlflow")
    until(SECONDS, "MLflow in its new namespace", lambda: require(uid(kubectl, anew), "it is not there"))
    assert uid(kubectl, OLD_NAMESPACE) == pushed.uids[OLD_NAMESPACE], "the old one stays, with what it holds"
    head = pushed.platform.repository.head
    argocd.wait_until_good(kubectl, "namespaces", head)  # the old one is not missed: later waves go on
    assert uid(kubectl, CLAIM) == pushed.uids[CLAIM] != ""
    new_claim = uid(kubectl, ("persistentvolumeclaim", NEXT_NAMESPACE, CLAIM[2]))
    assert new_claim != pushed.uids[CLAIM]
