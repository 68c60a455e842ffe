"""What the server's own authorizer says: may this account do that, and what is it granted at all?

A question reads `VERB RESOURCE[.GROUP][/SUBRESOURCE] [in NAMESPACE]`, or `VERB /PATH`; without a namespace it
is about the whole cluster.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.proposals import create

API = "authorization.k8s.io/v1"
Grant = tuple[str, str, str]  # group, resource, verb


@dataclass(frozen=True)
class Account:
    """Somebody whom the server knows by name and groups."""

    user: str
    groups: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.user.removeprefix("system:serviceaccount:").replace(":", "/")


@dataclass(frozen=True)
class Answer:
    """Whether it is allowed, and what the authorizer gives as its reason."""

    allowed: bool
    reason: str


Question = tuple[Account, str]


def service_account(namespace: str, name: str) -> Account:
    """A service account with the groups that its token carries."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return Account(f"system:serviceaccount:{namespace}:{name}", groups)


def ask(kubectl: Kubectl, questions: Iterable[Question]) -> dict[Question, Answer]:
    """A SubjectAccessReview for each question; all in one go, as a process takes longer than an answer."""
    asked = list(questions)
    reviews = create(kubectl, [_review(account, what) for account, what in asked])
    return {question: _answer(review["status"]) for question, review in zip(asked, reviews, strict=True)}


def granted(kubectl: Kubectl, account: Account, namespaces: Iterable[str]) -> dict[str, set[Grant]]:
    """All that an account may do in each namespace, what it may do anywhere included."""
    asked = list(namespaces)
    who = [f"--as={account.user}", *(f"--as-group={group}" for group in account.groups)]
    kind: Body = {"apiVersion": API, "kind": "SelfSubjectRulesReview"}
    reviews = create(kubectl, [kind | {"spec": {"namespace": each}} for each in asked], *who)
    return {namespace: _grants(review["status"]) for namespace, review in zip(asked, reviews, strict=True)}


def resource_of(what: str) -> str:
    """`RESOURCE[.GROUP]` of a question, as `kubectl api-resources` names it."""
    return what.split()[1].partition("/")[0]


def _review(account: Account, what: str) -> Body:
    spec = {"user": account.user, "groups": list(account.groups), **_attributes(what)}
    return {"apiVersion": API, "kind": "SubjectAccessReview", "spec": spec}


def _attributes(what: str) -> dict[str, Any]:
    verb, target, *place = what.split()
    if target.startswith("/"):
        return {"nonResourceAttributes": {"verb": verb, "path": target}}
    resource, _, subresource = target.partition("/")
    name, _, group = resource.partition(".")
    asked = {"verb": verb, "resource": name, "group": group, "subresource": subresource}
    return {"resourceAttributes": {**asked, "namespace": place[-1] if place else ""}}


def _answer(status: Mapping[str, Any]) -> Answer:
    reasons = [status.get("reason"), status.get("evaluationError")]
    return Answer(status["allowed"], "; ".join(filter(None, reasons)))


def _grants(status: Body) -> set[Grant]:
    assert not status["incomplete"], f"the server cannot tell all rules: {status.get('evaluationError')}"
    rules = status["resourceRules"] + status["nonResourceRules"]
    return {grant for rule in rules for grant in _grants_of(rule)}


def _grants_of(rule: Body) -> set[Grant]:
    """A rule's verbs, one by one; on named objects only, the resource is told with their names."""
    only = "".join(f" {name}" for name in rule.get("resourceNames") or [])
    resources = [f"{each}{only}" for each in rule.get("resources") or []]
    groups, paths = rule.get("apiGroups") or [""], rule.get("nonResourceURLs") or []
    return {(group, each, verb) for group in groups for each in resources + paths for verb in rule["verbs"]}
