"""Who may do what, asked of the real server: its authorizer, quotas and Pod Security, and Argo CD's projects.

Nothing but the namespaces and the profile `ml` is needed; where they are not there, they are made and removed
again. Whether traffic keeps to the network policies is the network's affair, not the server's: here they are
accepted, and no more is shown.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from preflight.admission.pod_security import ENFORCE, violations
from preflight.platform import access
from preflight.platform.access import GROUP
from preflight.render.cluster import Render
from preflight.render.pods import PodTemplate, pod_templates
from preflight.render.resources import Origin, Resource
from tests.on_cluster import argocd, authorizer, foundations, outside
from tests.on_cluster.authorizer import Account, Answer, Question, service_account
from tests.on_cluster.breaches import BREACHES, Breach, hardened
from tests.on_cluster.conftest import ROOT
from tests.on_cluster.kubectl import MANAGER, Body, Kubectl, KubectlError
from tests.on_cluster.outside import Outsider
from tests.on_cluster.proposals import as_list, create, objections, pod_of, propose, refusal
from tests.on_cluster.refused import REFUSED, VIRTUAL
from tests.on_cluster.repository import GitServer, Repository

RECORD = access.recorded(ROOT)
assert RECORD, f"{access.FILE} is not there"
ACCESS, NAME, ML = RECORD.access, RECORD.account.name, RECORD.account.namespace
NEEDED = [f"{verb} {resource}.{group} in {ML}" for group, resource, verb in sorted(ACCESS)]
ML_USER = service_account(ML, NAME)
ML_USER_BY_NAME = Account(ML_USER.user)  # without its groups, which is how Kubeflow Pipelines asks
DEFAULT = service_account(ML, "default")
SOMEBODY = Account("somebody@example.org", ("system:authenticated",))
OVER_QUOTA: dict[str, Any] = {
    "requests.cpu": {"requests": {"cpu": "999"}, "limits": {"cpu": "999"}},
    "requests.memory": {"requests": {"memory": "999Gi"}, "limits": {"memory": "999Gi"}},
    "limits.memory": {"requests": {"memory": "1Gi"}, "limits": {"memory": "999Gi"}},
}
# The profile takes what is not hardened, the platform does not.
BROKEN = [
    *((ML, "baseline", breach) for breach in BREACHES if breach.level == "baseline"),
    *(("kubeflow", "restricted", breach) for breach in BREACHES),
]
pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("profile")]


@pytest.fixture(scope="module")
def local() -> Render:
    """What Git says of the cluster `local`, as far as it is our own."""
    return foundations.ours(ROOT, "local")


@pytest.fixture(scope="module")
def profile(kubectl: Kubectl, local: Render) -> Iterator[None]:
    """The namespaces and the profile, as they are or made for these tests."""
    with foundations.present(kubectl, local):
        yield


@pytest.fixture(scope="module")
def answers(kubectl: Kubectl, profile: None) -> dict[Question, Answer]:
    """What the authorizer says to every question of these tests."""
    needed = [(account, what) for account in (ML_USER_BY_NAME, DEFAULT, SOMEBODY) for what in NEEDED]
    refused = [(account, what) for account in (ML_USER, DEFAULT, SOMEBODY) for what in REFUSED]
    return authorizer.ask(kubectl, needed + refused)


@pytest.fixture(scope="module")
def forbidden(kubectl: Kubectl, profile: None) -> dict[str, str]:
    """What the server says against each pod that breaks a level, by its name."""
    return objections(kubectl, [breach.make(namespace) for namespace, _, breach in BROKEN])


@pytest.fixture(scope="module")
def outsiders(
    kubectl: Kubectl, git_server: GitServer, local: Render, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Applications of the project `ml` that want what it does not allow."""
    repository = Repository.create(git_server, "outside", tmp_path_factory.mktemp("outside"))
    with outside.applied(kubectl, local, repository):
        yield


@pytest.mark.parametrize("what", NEEDED)
def test_what_pylib_needs_is_granted(answers: dict[Question, Answer], what: str) -> None:
    answer = answers[ML_USER_BY_NAME, what]
    assert answer.allowed, f"{ML_USER} may not {what}: {answer.reason}"
    assert f'RoleBinding "{NAME}/{ML}"' in answer.reason


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("account", [ML_USER, DEFAULT, SOMEBODY], ids=str)
def test_what_would_hurt_is_refused(answers: dict[Question, Answer], account: Account, what: str) -> None:
    answer = answers[account, what]
    assert not answer.allowed, f"{account} may {what}: {answer.reason}"


@pytest.mark.parametrize("what", NEEDED)
@pytest.mark.parametrize("account", [DEFAULT, SOMEBODY], ids=str)
def test_nobody_else_may_do_what_pylib_does(
    answers: dict[Question, Answer], account: Account, what: str
) -> None:
    answer = answers[account, what]
    assert not answer.allowed, f"{account} may {what}: {answer.reason}"


def test_what_is_asked_about_is_what_the_server_knows(kubectl: Kubectl) -> None:
    """A misspelt resource would be refused to all; of groups that are not installed nothing is known."""
    served = set(kubectl.run("api-resources", "--output=name").split())
    # Runs are no objects of the server's; Argo CD's group may be there without Argo Workflows' kinds.
    groups = {each.partition(".")[2] for each in served} - {GROUP, "argoproj.io"}
    asked = {authorizer.resource_of(what) for what in REFUSED if " /" not in what} - VIRTUAL
    assert {each for each in asked - served if each.partition(".")[2] in groups} == set()


def test_the_account_is_granted_what_is_recorded_and_nothing_else(kubectl: Kubectl) -> None:
    """In each namespace, beside what everybody is granted there."""
    namespaces = [each["metadata"]["name"] for each in kubectl.list("namespaces")]
    everybody = authorizer.granted(kubectl, service_account(ML, "nobody"), namespaces)
    account = authorizer.granted(kubectl, ML_USER, namespaces)
    own = {namespace: account[namespace] - everybody[namespace] for namespace in namespaces}
    assert {namespace: grants for namespace, grants in own.items() if grants} == {ML: ACCESS}


def test_its_token_for_pipelines_opens_pipelines_alone(kubectl: Kubectl, tmp_path: Path) -> None:
    """Kubeflow Pipelines takes it for the account's, and the API server takes it for nobody's."""
    token = kubectl.run("create", "token", NAME, f"--namespace={ML}", f"--audience={GROUP}")
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview"}
    (reviewed,) = create(kubectl, [review | {"spec": {"token": token, "audiences": [GROUP]}}])
    status = reviewed["status"]
    assert (status.get("authenticated"), status["user"].get("username")) == (True, ML_USER.user)
    with pytest.raises(KubectlError, match="Unauthorized"):
        _with_token(kubectl, token, tmp_path).run("get", "--raw", "/api")


def test_its_token_for_the_server_reads_no_secret(kubectl: Kubectl, tmp_path: Path) -> None:
    token = kubectl.run("create", "token", NAME, f"--namespace={ML}")
    with pytest.raises(KubectlError, match=f'User "{ML_USER.user}" cannot list resource "secrets"'):
        _with_token(kubectl, token, tmp_path).list("secrets", ML)


def _with_token(kubectl: Kubectl, token: str, folder: Path) -> Kubectl:
    """The same cluster, as the owner of a token."""
    config = json.loads(kubectl.run("config", "view", "--raw", "--output=json"))
    config["users"] = [{"name": each["name"], "user": {"token": token}} for each in config["users"]]
    file = folder / "kubeconfig"
    file.write_text(json.dumps(config))
    return Kubectl(file)


def test_a_pod_of_the_account_has_no_token_for_the_server(kubectl: Kubectl) -> None:
    body = hardened(ML, "tokenless")
    body["spec"]["serviceAccountName"] = NAME
    (pod,) = propose(kubectl, body)
    assert pod["spec"]["serviceAccountName"] == NAME
    assert [each for each in pod["spec"].get("volumes") or [] if "projected" in each] == []


@pytest.mark.parametrize("cluster", ["local", "gpu"])
def test_policies_and_limits_are_accepted(kubectl: Kubectl, cluster: str) -> None:
    """As Argo CD would apply them; those of `gpu` whose namespace is here."""
    there = {each["metadata"]["name"] for each in kubectl.list("namespaces")}
    kinds = ("NetworkPolicy", "ResourceQuota", "LimitRange")
    wanted = [each for each in foundations.ours(ROOT, cluster).of(*kinds) if each.namespace in there]
    assert {each.kind for each in wanted} == set(kinds)
    apply = ("apply", "--server-side", "--force-conflicts", f"--field-manager={MANAGER}", "--dry-run=server")
    text = kubectl.run(*apply, "--output=name", "--filename=-", text=as_list(each.body for each in wanted))
    assert len(text.splitlines()) == len(wanted)


@pytest.mark.parametrize("key", OVER_QUOTA)
def test_a_pod_above_the_quota_is_refused(kubectl: Kubectl, key: str) -> None:
    body = hardened(ML, "greedy")
    body["spec"]["containers"][0]["resources"] = OVER_QUOTA[key]
    said = refusal(kubectl, body)
    assert f"exceeded quota: {ML}, requested: " in said
    assert f"{key}=999" in said


def test_a_claim_above_the_quota_is_refused(kubectl: Kubectl) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "999Gi"}}}
    said = refusal(kubectl, _core("PersistentVolumeClaim", spec))
    assert f"exceeded quota: {ML}, requested: requests.storage=999Gi" in said


@pytest.mark.parametrize(("kind", "key"), [("LoadBalancer", "loadbalancers"), ("NodePort", "nodeports")])
def test_a_service_past_the_gateway_is_refused(kubectl: Kubectl, kind: str, key: str) -> None:
    spec = {"type": kind, "selector": {"app": "model"}, "ports": [{"port": 80}]}
    said = refusal(kubectl, _core("Service", spec))
    assert f"exceeded quota: {ML}, requested: " in said
    assert f"services.{key}=1" in said


def _core(kind: str, spec: Body) -> Body:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "proposed", "namespace": ML}, "spec": spec}


def test_a_container_that_names_no_resources_gets_the_defaults(kubectl: Kubectl, local: Render) -> None:
    """Without them the quota would refuse it."""
    (limits,) = (each.spec["limits"][0] for each in local.of("LimitRange") if each.namespace == ML)
    body = hardened(ML, "silent")
    del body["spec"]["containers"][0]["resources"]
    (pod,) = propose(kubectl, body)
    (container,) = (each for each in pod["spec"]["containers"] if each["name"] == "pause")
    assert container["resources"] == {"requests": limits["defaultRequest"], "limits": limits["default"]}


@pytest.mark.parametrize("namespace", [ML, "kubeflow"])
def test_a_hardened_pod_is_taken(kubectl: Kubectl, namespace: str) -> None:
    """So that what is refused below is refused for its one difference."""
    assert propose(kubectl, hardened(namespace, "hardened"))


@pytest.mark.parametrize(
    ("namespace", "level", "breach"), BROKEN, ids=lambda each: each.name if isinstance(each, Breach) else None
)
def test_a_pod_below_its_namespaces_level_is_refused(
    forbidden: dict[str, str], namespace: str, level: str, breach: Breach
) -> None:
    """By the server, and before it by `preflight validate`."""
    said = forbidden.get(breach.name_in(namespace), "nothing: the server takes it")
    assert f'violates PodSecurity "{level}:latest"' in said
    assert breach.said in said
    found = list(violations(_template(breach.make(namespace)), level))
    assert found, "the rule pod-security-violation finds nothing"


def _template(pod: Body) -> PodTemplate:
    (template,) = pod_templates(Resource("proposed", pod, Origin("proposed", upstream=False)))
    return template


def test_every_namespace_with_a_level_refuses_a_privileged_pod(kubectl: Kubectl, local: Render) -> None:
    levels = {each.name: each.labels[ENFORCE] for each in local.of("Namespace")}
    guarded = sorted(name for name, level in levels.items() if level != "privileged")
    assert len(guarded) >= 10
    privileged = next(each for each in BREACHES if each.name == "privileged")
    said = objections(kubectl, map(privileged.make, guarded))
    taken = [name for name in guarded if "violates PodSecurity" not in said.get(privileged.name_in(name), "")]
    assert taken == []


@pytest.mark.parametrize("application", foundations.OWN)
def test_our_own_pods_are_taken(kubectl: Kubectl, local: Render, application: str) -> None:
    """Without a warning either: the profile takes more than our pods need."""
    pods = [
        pod_of(template) for each in local.of_application(application) for template in pod_templates(each)
    ]
    assert pods, f"{application} has no pods of ours"
    assert len(propose(kubectl, *pods)) == len(pods)


@pytest.mark.usefixtures("outsiders")
@pytest.mark.parametrize("outsider", outside.OUTSIDERS, ids=str)
def test_the_project_of_models_allows_nothing_beyond_them(kubectl: Kubectl, outsider: Outsider) -> None:
    """No other namespace, none of the cluster's own kinds, and in `ml` only the kinds on its list."""
    said = outsider.said
    argocd.wait_for(kubectl, outsider.name, lambda now: said in now.message, f"says {said!r}")
    metadata = outsider.wanted["metadata"]
    assert kubectl.find(outsider.wanted["kind"], metadata["name"], metadata.get("namespace", "")) is None
