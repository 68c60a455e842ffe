"""GitOps as promised: what is pushed is what runs, and nothing else; with the platform's own sync policy."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.on_cluster import argocd, trial
from tests.on_cluster.conftest import ROOT
from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.repository import GitServer, Repository
from tests.on_cluster.trial import PROJECT, Trial, config_map
from tests.on_cluster.waiting import require, until

pytestmark = pytest.mark.cluster
LIVE = 30  # seconds from a push until it is live


@pytest.fixture(scope="module")
def trials(
    kubectl: Kubectl, git_server: GitServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trial]:
    """One application that is synced and healthy."""
    repository = Repository.create(git_server, "trial", tmp_path_factory.mktemp("trial"))
    made = trial.start(repository, ROOT)
    trial.install(kubectl, repository, ROOT)
    argocd.wait_until_good(kubectl, PROJECT, repository.head, seconds=90)
    yield made
    kubectl.delete("applicationsets.argoproj.io", PROJECT, argocd.NAMESPACE)


@pytest.fixture
def good(kubectl: Kubectl, trials: Trial) -> Trial:
    """The application as it is in the first commit, again after the test."""
    trials.write()
    if trials.repository.is_changed:
        trials.repository.push("As it was")
    argocd.wait_until_good(kubectl, PROJECT, trials.repository.head, seconds=90)
    return trials


def greeting(kubectl: Kubectl) -> str:
    return str(kubectl.get("configmap", "greeting", PROJECT)["data"]["text"])


def pods(kubectl: Kubectl) -> set[str]:
    return {pod["metadata"]["uid"] for pod in kubectl.list("pods", PROJECT)}


def until_greeting(kubectl: Kubectl, text: str, seconds: float = LIVE) -> None:
    def look() -> None:
        found = greeting(kubectl)
        require(found == text, f"it says {found!r}")

    until(seconds, f"the greeting {text!r}", look)


def test_a_pushed_change_is_live_within_thirty_seconds(
    kubectl: Kubectl, good: Trial, record: dict[str, Any]
) -> None:
    argocd.wait_until_at_rest(kubectl)
    good.write(greeting="pushed")
    started = time.monotonic()
    good.repository.push("Another greeting")
    until_greeting(kubectl, "pushed")
    record["seconds_from_push_to_live"] = round(time.monotonic() - started, 1)


def test_a_change_by_hand_is_undone(kubectl: Kubectl, good: Trial) -> None:
    """Of what Git names; the rest belongs to whoever wrote it, as server-side apply has it."""
    before = pods(kubectl)
    kubectl.patch("configmap", "greeting", PROJECT, {"data": {"text": "by hand"}})
    kubectl.patch("deployment", "greeter", PROJECT, {"spec": {"replicas": 3}})
    until_greeting(kubectl, "hello")

    def look() -> None:
        replicas = kubectl.get("deployment", "greeter", PROJECT)["spec"]["replicas"]
        require(replicas == 1, f"it has {replicas} replicas")
        require(pods(kubectl) == before, "the pods that ran are not yet the pods that run")

    until(LIVE, "the deployment as in Git", look)


def test_what_is_removed_by_hand_comes_back(kubectl: Kubectl, good: Trial) -> None:
    before = kubectl.get("configmap", "greeting", PROJECT)["metadata"]["uid"]
    kubectl.delete("configmap", "greeting", PROJECT)

    def look() -> None:
        found = kubectl.find("configmap", "greeting", PROJECT)
        require(found and found["metadata"]["uid"] != before, "it is not back")

    until(LIVE, "the removed ConfigMap", look)
    assert greeting(kubectl) == "hello"


def test_a_removed_folder_is_pruned_but_namespace_claim_and_definition_stay(
    kubectl: Kubectl, good: Trial
) -> None:
    leaving = Trial(good.repository, "trial-leaving")
    leaving.write()
    argocd_commit = good.repository.push("One more application")
    argocd.wait_until_good(kubectl, leaving.name, argocd_commit, seconds=90)
    kept = [
        ("namespace", leaving.name, ""),
        ("persistentvolumeclaim", "work", leaving.name),
        ("customresourcedefinition", "trialleavings.trial.example.org", ""),
    ]
    before = [kubectl.get(*each)["metadata"]["uid"] for each in kept]
    good.repository.remove(f"cluster-conf/{leaving.name}")
    good.repository.push("Without it")

    def look() -> None:
        require(not kubectl.find("applications.argoproj.io", leaving.name, argocd.NAMESPACE), "it is there")
        require(not kubectl.find("deployment", "greeter", leaving.name), "its deployment is there")

    until(90, f"{leaving.name} removed", look)
    assert kubectl.find("configmap", "greeting", leaving.name) is None
    after = [kubectl.get(*each)["metadata"] for each in kept]
    assert [each["uid"] for each in after] == before
    assert not any("deletionTimestamp" in each for each in after)


def _refused_field(namespace: str) -> Body:
    return config_map(namespace, "refused") | {"dta": {"text": "a field that no ConfigMap has"}}


def test_a_manifest_that_the_server_refuses_leaves_what_runs_alone(kubectl: Kubectl, good: Trial) -> None:
    before = pods(kubectl)
    good.write(_refused_field(PROJECT))
    commit = good.repository.push("A field that does not exist")
    argocd.tell(kubectl, PROJECT)
    shown = argocd.wait_for(kubectl, PROJECT, lambda now: "dta" in now.message, "shows the refused field")
    assert shown.sync != "Synced" or shown.phase in {"Failed", "Error", "Running"}, shown
    assert (pods(kubectl), greeting(kubectl)) == (before, "hello")
    good.repository.revert(commit)
    argocd.wait_until_good(kubectl, PROJECT, good.repository.head)


def test_a_change_that_the_server_refuses_leaves_what_is_there_alone(kubectl: Kubectl, good: Trial) -> None:
    """It is shown when Argo CD is asked; by itself it forgets: https://github.com/argoproj/argo-cd/issues/28722."""
    good.repository.replace(f"{good.folder}/objects.yaml", "text: hello", "te xt: hello")
    commit = good.repository.push("A key that no ConfigMap may have")
    argocd.wait_for(kubectl, PROJECT, lambda now: "te xt" in now.message, "shows the refused key")
    assert greeting(kubectl) == "hello"
    good.repository.revert(commit)
    argocd.wait_until_good(kubectl, PROJECT, good.repository.head)


def test_a_folder_that_cannot_be_built_leaves_what_runs_alone(kubectl: Kubectl, good: Trial) -> None:
    before = pods(kubectl)
    good.write(kustomization="resources: [nowhere.yaml]\n")
    commit = good.repository.push("A file that is not there")
    argocd.tell(kubectl, PROJECT)
    shown = argocd.wait_for(
        kubectl, PROJECT, lambda now: "nowhere.yaml" in now.message, "shows the missing file"
    )
    assert shown.sync == "Unknown"
    assert (pods(kubectl), greeting(kubectl)) == (before, "hello")
    good.repository.revert(commit)
    argocd.wait_until_good(kubectl, PROJECT, good.repository.head)


def test_a_revert_brings_the_former_state_back(kubectl: Kubectl, good: Trial) -> None:
    good.write(config_map(PROJECT, "second", text="new"), greeting="changed")
    commit = good.repository.push("A change and a new object")
    argocd.wait_until_good(kubectl, PROJECT, commit)
    assert (greeting(kubectl), kubectl.get("configmap", "second", PROJECT)["data"]) == (
        "changed",
        {"text": "new"},
    )
    good.repository.revert()
    argocd.wait_until_good(kubectl, PROJECT, good.repository.head)
    until_greeting(kubectl, "hello")
    assert kubectl.find("configmap", "second", PROJECT) is None


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("trial-elsewhere", config_map("kube-public", "from-trial")),
        (
            "trial-nodes",
            {
                "apiVersion": "node.k8s.io/v1",
                "kind": "RuntimeClass",
                "metadata": {"name": "from-trial"},
                "handler": "runc",
            },
        ),
    ],
    ids=["namespace", "kind"],
)
def test_what_its_project_does_not_allow_is_refused(
    kubectl: Kubectl, good: Trial, what: str, body: Body
) -> None:
    outside = Trial(good.repository, what)
    outside.write(body)
    good.repository.push("An object outside the project's lists")
    shown = argocd.wait_for(
        kubectl, what, lambda now: "not permitted in project" in now.message, "is refused", seconds=90
    )
    assert body["metadata"]["name"] in shown.message
    kind, namespace = body["kind"].lower(), body["metadata"].get("namespace", "")
    assert kubectl.find(kind, body["metadata"]["name"], namespace) is None
    good.repository.remove(f"cluster-conf/{what}")
    good.repository.push("Without it")
    argocd.end_sync(kubectl, what)


def test_another_repository_is_refused(kubectl: Kubectl, good: Trial) -> None:
    application = kubectl.get("applications.argoproj.io", PROJECT, argocd.NAMESPACE)
    source = {**application["spec"]["source"], "repoURL": "https://git.example.org/elsewhere.git"}
    kubectl.apply(
        {
            "apiVersion": application["apiVersion"],
            "kind": "Application",
            "metadata": {"name": "trial-foreign", "namespace": argocd.NAMESPACE},
            "spec": {**application["spec"], "source": source},
        }
    )
    shown = argocd.wait_for(
        kubectl, "trial-foreign", lambda now: "is not permitted in project" in now.message, "is refused"
    )
    assert "git.example.org" in shown.message
    kubectl.delete("applications.argoproj.io", "trial-foreign", argocd.NAMESPACE)
