"""Who may do what, asked of the real server: its authorizer, its quotas and Pod Security, and Argo CD's projects.

Nothing but the namespaces and the profile `ml` is needed; where they are not there, they are made and removed again.
Pods and the like are only proposed (`--dry-run=server`), which the server judges as if it were meant. Whether traffic
keeps to network policies is the network's affair, not the server's: they are accepted here, and no more is shown.
"""

import copy
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pylib.cluster import access
from pylib.cluster.access import GROUP
from pylib.cluster.pods import PodTemplate, pod_templates
from pylib.cluster.policies.pod_security import ENFORCE, violations
from pylib.cluster.render import Render, render
from pylib.cluster.resources import Origin, Resource
from tests.on_cluster import argocd, authorizer, foundations, outside
from tests.on_cluster.authorizer import Account, service_account
from tests.on_cluster.breaches import BREACHES, Breach, hardened
from tests.on_cluster.conftest import ROOT
from tests.on_cluster.kubectl import MANAGER, Body, Kubectl, KubectlError
from tests.on_cluster.repository import GitServer, Repository

RECORD = access.recorded(ROOT)
assert RECORD, f"{access.FILE} is not there"
NEEDED = [f"{verb} {each}.{GROUP}" for each, verbs in RECORD.needed.items() for verb in verbs]
ML = RECORD.account.namespace
ML_USER = service_account(ML, RECORD.account.name)
DEFAULT = service_account(ML, "default")
SOMEBODY = Account("somebody@example.org", ("system:authenticated",))
# Each is something that would hurt: by what it shows, by what it changes, or as a step to more rights.
REFUSED = [
    # Passwords and keys.
    f"get secrets in {ML}",
    f"list secrets in {ML}",
    f"watch secrets in {ML}",
    "get secrets in kubeflow",
    "get secrets in argocd",
    "get secrets in mlflow",
    "list secrets",
    "get configmaps in kube-system",
    # Code that runs as somebody else, or where somebody else runs.
    f"create pods in {ML}",
    f"delete pods in {ML}",
    f"create pods/exec in {ML}",
    f"get pods/exec in {ML}",
    f"create pods/portforward in {ML}",
    f"patch pods/ephemeralcontainers in {ML}",
    f"get pods/log in {ML}",
    f"create jobs.batch in {ML}",
    f"patch cronjobs.batch in {ML}",
    f"patch deployments.apps in {ML}",
    "create pods in kubeflow",
    "create workflows.argoproj.io in kubeflow",
    # What Git alone says: the model, its route, the notebook, where releases go.
    f"create seldondeployments.machinelearning.seldon.io in {ML}",
    f"patch seldondeployments.machinelearning.seldon.io in {ML}",
    f"delete seldondeployments.machinelearning.seldon.io in {ML}",
    f"update virtualservices.networking.istio.io in {ML}",
    f"create notebooks.kubeflow.org in {ML}",
    f"create experiments.kubeflow.org in {ML}",
    f"update configmaps in {ML}",
    f"delete persistentvolumeclaims in {ML}",
    # The fences.
    f"delete networkpolicies.networking.k8s.io in {ML}",
    f"update resourcequotas in {ML}",
    f"delete limitranges in {ML}",
    f"delete peerauthentications.security.istio.io in {ML}",
    f"update authorizationpolicies.security.istio.io in {ML}",
    f"patch namespaces in {ML}",
    f"delete namespaces in {ML}",
    "create namespaces",
    "patch profiles.kubeflow.org",
    # More rights.
    f"create rolebindings.rbac.authorization.k8s.io in {ML}",
    f"update roles.rbac.authorization.k8s.io in {ML}",
    f"escalate roles.rbac.authorization.k8s.io in {ML}",
    f"bind roles.rbac.authorization.k8s.io in {ML}",
    "create clusterrolebindings.rbac.authorization.k8s.io",
    "bind clusterroles.rbac.authorization.k8s.io",
    "escalate clusterroles.rbac.authorization.k8s.io",
    f"create serviceaccounts/token in {ML}",
    f"impersonate serviceaccounts in {ML}",
    "impersonate users",
    "impersonate groups",
    "approve signers.certificates.k8s.io",
    "update certificatesigningrequests.certificates.k8s.io/approval",
    # The cluster.
    "list nodes",
    "get nodes/proxy",
    "patch nodes",
    "create persistentvolumes",
    "update customresourcedefinitions.apiextensions.k8s.io",
    "create validatingwebhookconfigurations.admissionregistration.k8s.io",
    "delete mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "patch applications.argoproj.io in argocd",
    "update appprojects.argoproj.io in argocd",
    "get /metrics",
    "get /logs/",
    # Pipelines: what pylib never does, and what it does in its own namespace only.
    f"delete runs.{GROUP} in {ML}",
    f"terminate runs.{GROUP} in {ML}",
    f"delete experiments.{GROUP} in {ML}",
    f"create jobs.{GROUP} in {ML}",
    f"create runs.{GROUP} in kubeflow",
    f"create runs.{GROUP}",
    f"list experiments.{GROUP}",
]
VIRTUAL = {"users", "groups", "signers.certificates.k8s.io"}  # authorized, never stored
# Our own pods, by the application that brings them.
OWN = ["model", "retrain", "notebook", "mlflow", "pachyderm", "gpu"]
OVER_QUOTA: dict[str, Any] = {
    "requests.cpu": {"requests": {"cpu": "999"}, "limits": {"cpu": "999"}},
    "requests.memory": {"requests": {"memory": "999Gi"}, "limits": {"memory": "999Gi"}},
    "limits.memory": {"requests": {"memory": "1Gi"}, "limits": {"memory": "999Gi"}},
}
pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("made")]


@pytest.fixture(scope="module")
def local() -> Render:
    """What Git says of the cluster `local`."""
    return render(ROOT, "local")


@pytest.fixture(scope="module")
def made(kubectl: Kubectl, local: Render) -> Iterator[None]:
    """The namespaces and the profile, as they are or made for these tests."""
    with foundations.present(kubectl, local):
        yield


@pytest.fixture(scope="module")
def outsiders(
    kubectl: Kubectl, git_server: GitServer, local: Render, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Applications of the project `ml` that want what it does not allow."""
    repository = Repository.create(git_server, "outside", tmp_path_factory.mktemp("outside"))
    with outside.applied(kubectl, local, repository):
        yield


def propose(kubectl: Kubectl, *bodies: Body, warnings: bool = False) -> list[Body]:
    """What the server would make of objects; its refusal is a KubectlError."""
    arguments = [
        "create",
        "--dry-run=server",
        "--output=json",
        f"--warnings-as-errors={str(warnings).lower()}",
    ]
    text = kubectl.run(*arguments, "--filename=-", text=_list(bodies))
    answer = json.loads(text)
    return list(answer["items"] if answer["kind"] == "List" else [answer])


def refusal(kubectl: Kubectl, *bodies: Body) -> str:
    """Why the server would not make objects."""
    try:
        taken = propose(kubectl, *bodies)
    except KubectlError as error:
        return str(error)
    names = [f"{each['metadata']['namespace']}/{each['metadata']['name']}" for each in taken]
    pytest.fail(f"the server takes {', '.join(names)}", pytrace=False)


def _list(bodies: Iterable[Any]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(bodies)})


@pytest.mark.parametrize("what", NEEDED)
def test_what_pylib_needs_is_granted(kubectl: Kubectl, what: str) -> None:
    """By its name alone, which is how Kubeflow Pipelines asks."""
    answer = authorizer.ask(kubectl, Account(ML_USER.user, ()), f"{what} in {ML}")
    assert answer.allowed, f"{ML_USER} may not {what} in {ML}: {answer.reason}"
    assert RECORD.account.name in answer.reason


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("account", [ML_USER, DEFAULT, SOMEBODY], ids=str)
def test_the_rest_is_refused(kubectl: Kubectl, account: Account, what: str) -> None:
    answer = authorizer.ask(kubectl, account, what)
    assert not answer.allowed, f"{account} may {what}: {answer.reason}"


@pytest.mark.parametrize("what", NEEDED)
@pytest.mark.parametrize("account", [DEFAULT, SOMEBODY], ids=str)
def test_nobody_else_may_do_what_pylib_does(kubectl: Kubectl, account: Account, what: str) -> None:
    answer = authorizer.ask(kubectl, account, f"{what} in {ML}")
    assert not answer.allowed, f"{account} may {what} in {ML}: {answer.reason}"


def test_what_is_asked_about_is_what_the_server_knows(kubectl: Kubectl) -> None:
    """A misspelt resource would be refused to everybody; only of groups that are not installed nothing is known."""
    served = set(kubectl.run("api-resources", "--output=name").split())
    groups = {each.partition(".")[2] for each in served}
    asked = {authorizer.resource_of(what) for what in REFUSED if " /" not in what} - VIRTUAL
    assert {each for each in asked - served if each.partition(".")[2] in groups - {GROUP}} == set()


def test_the_account_is_granted_what_is_recorded_and_nothing_else(kubectl: Kubectl) -> None:
    """In each namespace, beside what everybody is granted there."""
    nobody = service_account(ML, "nobody")
    for namespace in sorted(each["metadata"]["name"] for each in kubectl.list("namespaces")):
        own = authorizer.granted(kubectl, ML_USER, namespace) - authorizer.granted(kubectl, nobody, namespace)
        assert own == (RECORD.access if namespace == ML else set()), f"what {ML_USER} may do in {namespace}"


def test_its_token_for_pipelines_opens_pipelines_alone(kubectl: Kubectl, tmp_path: Path) -> None:
    """Kubeflow Pipelines takes it for the account's, and the API server takes it for nobody's."""
    audience = "pipelines.kubeflow.org"
    token = kubectl.run("create", "token", RECORD.account.name, f"--namespace={ML}", f"--audience={audience}")
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview"}
    spec = {"spec": {"token": token, "audiences": [audience]}}
    status = authorizer.post(kubectl, "/apis/authentication.k8s.io/v1/tokenreviews", review | spec)["status"]
    assert (status["authenticated"], status["user"]["username"]) == (True, ML_USER.user)
    with pytest.raises(KubectlError, match="Unauthorized"):
        _with_token(kubectl, token, tmp_path).run("get", "--raw", "/api")


def test_its_token_for_the_server_reads_no_secret(kubectl: Kubectl, tmp_path: Path) -> None:
    token = kubectl.run("create", "token", RECORD.account.name, f"--namespace={ML}")
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
    body["spec"]["serviceAccountName"] = RECORD.account.name
    (pod,) = propose(kubectl, body)
    assert pod["spec"]["serviceAccountName"] == RECORD.account.name
    assert not [each for each in pod["spec"].get("volumes") or [] if "projected" in each]


@pytest.mark.parametrize("cluster", ["local", "gpu"])
def test_policies_and_limits_are_accepted(kubectl: Kubectl, cluster: str) -> None:
    """All of the render, as Argo CD would apply them; `gpu` as far as the namespaces are here."""
    there = {each["metadata"]["name"] for each in kubectl.list("namespaces")}
    kinds = ("NetworkPolicy", "ResourceQuota", "LimitRange")
    wanted = [each for each in render(ROOT, cluster).of(*kinds) if each.namespace in there]
    assert {each.kind for each in wanted} == set(kinds)
    text = kubectl.run(
        *("apply", "--server-side", "--force-conflicts", f"--field-manager={MANAGER}", "--dry-run=server"),
        *("--output=json", "--filename=-"),
        text=_list(each.body for each in wanted),
    )
    taken = {
        (each["kind"], each["metadata"]["namespace"], each["metadata"]["name"])
        for each in json.loads(text)["items"]
    }
    assert taken == {(each.kind, each.namespace, each.name) for each in wanted}


@pytest.mark.parametrize("key", OVER_QUOTA)
def test_a_pod_above_the_quota_is_refused(kubectl: Kubectl, key: str) -> None:
    body = hardened(ML, "greedy")
    body["spec"]["containers"][0]["resources"] = OVER_QUOTA[key]
    said = refusal(kubectl, body)
    assert f"exceeded quota: {ML}, requested: " in said
    assert f"{key}=999" in said


def test_a_claim_above_the_quota_is_refused(kubectl: Kubectl) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "999Gi"}}}
    metadata = {"name": "greedy", "namespace": ML}
    said = refusal(
        kubectl, {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}
    )
    assert f"exceeded quota: {ML}, requested: requests.storage=999Gi" in said


@pytest.mark.parametrize(("kind", "key"), [("LoadBalancer", "loadbalancers"), ("NodePort", "nodeports")])
def test_a_service_past_the_gateway_is_refused(kubectl: Kubectl, kind: str, key: str) -> None:
    spec = {"type": kind, "selector": {"app": "model"}, "ports": [{"port": 80}]}
    metadata = {"name": "past-the-gateway", "namespace": ML}
    said = refusal(kubectl, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    assert f"exceeded quota: {ML}, requested: " in said
    assert f"services.{key}=1" in said


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
    assert propose(kubectl, hardened(namespace, "hardened"), warnings=True)


@pytest.mark.parametrize(
    ("namespace", "level", "breach"),
    [(ML, "baseline", each) for each in BREACHES if each.level == "baseline"]
    + [("kubeflow", "restricted", each) for each in BREACHES],
    ids=lambda each: each.name if isinstance(each, Breach) else None,
)
def test_a_pod_below_its_namespaces_level_is_refused(
    kubectl: Kubectl, namespace: str, level: str, breach: Breach
) -> None:
    """By the server, and before it by `pylib cluster validate`."""
    body = breach.make(namespace)
    said = refusal(kubectl, body)
    assert f'violates PodSecurity "{level}:latest"' in said
    assert breach.said in said
    assert list(violations(_template(body), level)), "the rule pod-security-refused finds nothing"


def test_every_namespace_with_a_level_refuses_a_privileged_pod(kubectl: Kubectl, local: Render) -> None:
    levels = {each.name: each.labels[ENFORCE] for each in local.of("Namespace")}
    guarded = {name for name, level in levels.items() if level != "privileged"}
    assert len(guarded) >= 10
    said = refusal(kubectl, *(BREACHES[0].make(name) | _named(name) for name in sorted(guarded)))
    assert {name for name in guarded if f'"{name}" is forbidden: violates PodSecurity' not in said} == set()


def _named(namespace: str) -> Body:
    """A pod called as its namespace, which a refusal does not name."""
    return {"metadata": {"name": namespace, "namespace": namespace}}


@pytest.mark.parametrize("application", OWN)
def test_our_own_pods_are_taken(kubectl: Kubectl, local: Render, application: str) -> None:
    """And in the profile without a warning, though its level is laxer than our pods."""
    templates = [
        pod
        for resource in local.of_application(application)
        if not resource.origin.upstream
        for pod in pod_templates(resource)
    ]
    assert templates, f"{application} has no pods of ours"
    for template in templates:
        assert propose(kubectl, _pod(template), warnings=template.resource.namespace == ML)


def _pod(template: PodTemplate) -> Body:
    """The pod that a controller makes of a template; a StatefulSet's claims are volumes of it."""
    resource, spec = template.resource, copy.deepcopy(dict(template.spec))
    claims = [each["metadata"]["name"] for each in resource.spec.get("volumeClaimTemplates") or []]
    made = [
        {"name": each, "persistentVolumeClaim": {"claimName": f"{each}-{resource.name}-0"}} for each in claims
    ]
    if made:
        spec["volumes"] = [*(spec.get("volumes") or []), *made]
    metadata = {"name": f"{resource.name}-0", "namespace": resource.namespace, "labels": template.labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _template(pod: Body) -> PodTemplate:
    (template,) = pod_templates(Resource("proposed", pod, Origin("proposed", upstream=False)))
    return template


@pytest.mark.usefixtures("outsiders")
@pytest.mark.parametrize("name", outside.WANTED)
def test_the_project_of_models_allows_nothing_outside_its_namespace(kubectl: Kubectl, name: str) -> None:
    """Nor the cluster's own kinds, nor those that are not on its list."""
    shown = argocd.wait_for(
        kubectl,
        name,
        lambda now: outside.PROJECT in now.message or "not permitted" in now.message,
        "is refused",
    )
    print(shown)
    metadata = outside.WANTED[name]["metadata"]
    assert kubectl.find(outside.WANTED[name]["kind"], metadata["name"], metadata.get("namespace", "")) is None
