"""What the API server checks of roles and their bindings beyond their schema."""

from typing import Any

from preflight.findings import Faults
from preflight.registry import schema_rule
from preflight.render.resources import Resource
from preflight.schemas.dns import LONGEST_NAME, SUBDOMAIN, named

RBAC = "rbac.authorization.k8s.io"


@schema_rule(
    "schema-rbac",
    "a role or a binding that names nothing, or nobody, is refused",
    of=("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
)
def grants(resource: Resource) -> Faults:
    """Rules say who may do what; bindings name a role and its subjects in full."""
    check = _binding if resource.kind.endswith("Binding") else _role
    yield from check(resource) if resource.group == RBAC else ()


def _role(resource: Resource) -> Faults:
    for index, entry in enumerate(resource.body.get("rules") or []):
        yield from _rule(entry, f"rules[{index}]", resource.kind)


def _rule(entry: Any, field: str, kind: str) -> Faults:
    paths = entry.get("nonResourceURLs")
    if not entry.get("verbs"):
        yield f"{field}.verbs", "it allows nothing; write the verbs"
    if paths and kind == "Role":
        yield f"{field}.nonResourceURLs", "a Role grants no paths; write a ClusterRole"
    elif paths and (entry.get("apiGroups") or entry.get("resources")):
        yield field, "a rule is of resources or of paths; write two"
    elif not paths and not entry.get("resources"):
        yield f"{field}.resources", "it names no resource; write which"
    elif not paths and not entry.get("apiGroups"):
        yield f"{field}.apiGroups", 'it names no group; the core group is ""'


def _binding(resource: Resource) -> Faults:
    role = resource.body.get("roleRef") or {}
    if role.get("apiGroup", RBAC) not in {RBAC, ""}:
        yield "roleRef.apiGroup", f"it is {role['apiGroup']}; write {RBAC}"
    if not role.get("name"):
        yield "roleRef.name", "it names no role; write which"
    if resource.kind == "ClusterRoleBinding" and role.get("kind") == "Role":
        yield "roleRef.kind", "a ClusterRoleBinding binds a ClusterRole; write a RoleBinding, or another role"
    for index, subject in enumerate(resource.body.get("subjects") or []):
        yield from _subject(subject, f"subjects[{index}]", resource.kind)


def _subject(subject: Any, field: str, kind: str) -> Faults:
    account = subject.get("kind") == "ServiceAccount"
    if account and kind == "ClusterRoleBinding" and not subject.get("namespace"):
        yield f"{field}.namespace", f"service account {subject.get('name')} needs its namespace"
    if not subject.get("name"):
        yield f"{field}.name", "it names nobody; write who"
    if account:
        yield from named(f"{field}.name", subject.get("name"), SUBDOMAIN, LONGEST_NAME)
    wanted = {"", None} if account else {RBAC, "", None}
    if subject.get("apiGroup") not in wanted:
        fix = "remove it" if account else f"write {RBAC}"
        yield f"{field}.apiGroup", f"{subject['apiGroup']} is not the group of a {subject.get('kind')}; {fix}"
