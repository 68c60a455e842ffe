"""What the server's own authorizer says: may this account do that, and what is it granted at all?"""

import json
from dataclasses import dataclass
from typing import Any

from tests.on_cluster.kubectl import Body, Kubectl

REVIEWS = "/apis/authorization.k8s.io/v1"
Grant = tuple[str, str, str]  # group, resource, verb


@dataclass(frozen=True)
class Account:
    """Somebody whom the server knows by name and groups."""

    user: str
    groups: tuple[str, ...]

    def __str__(self) -> str:
        return self.user.removeprefix("system:serviceaccount:").replace(":", "/")


@dataclass(frozen=True)
class Answer:
    """Whether it is allowed, and what the authorizer gives as its reason."""

    allowed: bool
    reason: str


def service_account(namespace: str, name: str) -> Account:
    """A service account with the groups that its token carries."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return Account(f"system:serviceaccount:{namespace}:{name}", groups)


def ask(kubectl: Kubectl, account: Account, what: str) -> Answer:
    """A SubjectAccessReview of `VERB RESOURCE[.GROUP][/SUBRESOURCE] [in NAMESPACE]`, or of `VERB /PATH`.

    Without a namespace it is asked for the whole cluster.
    """
    spec = {"user": account.user, "groups": list(account.groups), **_attributes(what)}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    status = post(kubectl, f"{REVIEWS}/subjectaccessreviews", review)["status"]
    reason = " ".join(filter(None, [status.get("reason"), status.get("evaluationError")]))
    return Answer(status["allowed"], reason)


def granted(kubectl: Kubectl, account: Account, namespace: str) -> set[Grant]:
    """All that an account may do in a namespace, or anywhere: the server's SelfSubjectRulesReview."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    groups = [f"--as-group={group}" for group in account.groups]
    who = [f"--as={account.user}", *groups]
    status = post(kubectl, f"{REVIEWS}/selfsubjectrulesreviews", review, *who)["status"]
    assert not status["incomplete"], f"the server cannot name all that {account} may do: {status}"
    return {grant for rule in status["resourceRules"] + status["nonResourceRules"] for grant in _grants(rule)}


def post(kubectl: Kubectl, path: str, body: Body, *arguments: str) -> Body:
    """What the server answers to an object that it only judges."""
    text = kubectl.run("create", "--raw", path, "--filename=-", *arguments, text=json.dumps(body))
    answer: Body = json.loads(text)
    return answer


def resource_of(what: str) -> str:
    """`RESOURCE[.GROUP]` of a question, as `kubectl api-resources` names it."""
    return what.split()[1].partition("/")[0]


def _attributes(what: str) -> dict[str, Any]:
    verb, target, *place = what.split()
    if target.startswith("/"):
        return {"nonResourceAttributes": {"verb": verb, "path": target}}
    resource, _, subresource = target.partition("/")
    name, _, group = resource.partition(".")
    asked = {"verb": verb, "resource": name, "group": group, "subresource": subresource}
    return {"resourceAttributes": {**asked, "namespace": place[-1] if place else ""}}


def _grants(rule: Body) -> set[Grant]:
    """A rule's verbs, one by one; on named objects only, the resource is told with their names."""
    only = "".join(f" {name}" for name in rule.get("resourceNames") or [])
    resources = [f"{each}{only}" for each in rule.get("resources") or []] + (
        rule.get("nonResourceURLs") or []
    )
    groups = rule.get("apiGroups") or [""]
    return {(group, each, verb) for group in groups for each in resources for verb in rule["verbs"]}
