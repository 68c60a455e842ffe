"""Who may do everything: nobody, except those that cluster-conf/rbac-allowed.yaml names with the reason."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from preflight.errors import ConfigurationError
from preflight.findings import Fault, Problem, Problems
from preflight.platform import grants
from preflight.platform.bringing import bringing_named
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.render.resources import Body, Place, Resource

FILE = "cluster-conf/rbac-allowed.yaml"
READING = {"get", "list", "watch"}
EVERYBODY = {"system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts"}
# What every cluster has by itself.
BUILT_IN = {"cluster-admin", "admin", "edit", "view"}


class Allowed(BaseModel):
    """A role or binding that may be wide; `object` is a pattern such as `ClusterRole istiod-*`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    object: str
    clusters: tuple[str, ...] = ()
    reason: str = Field(min_length=10)


@rule("cluster-admin-role-binding", "who breaks into one pod of a cluster-admin has the whole cluster")
def cluster_admin_role_binding(render: Render) -> Problems:
    """No binding to cluster-admin, nor one that gives everybody something."""
    allowed = _allowed(render)
    for resource in _not(allowed, render.of("ClusterRoleBinding", "RoleBinding")):
        if (resource.body.get("roleRef") or {}).get("name") == "cluster-admin":
            message = f"it gives cluster-admin; bind a role with the verbs it needs, or list it in {FILE}"
            yield Problem(resource, "roleRef.name", message)


@rule("role-binding-to-everybody", "what everybody may do, every pod that is broken into may do too")
def role_binding_to_everybody(render: Render) -> Problems:
    """No binding to all users or all service accounts."""
    for resource in _not(_allowed(render), render.of("ClusterRoleBinding", "RoleBinding")):
        for index, subject in enumerate(resource.body.get("subjects") or []):
            if subject.get("kind") != "ServiceAccount" and subject.get("name") in EVERYBODY:
                message = f"it binds {subject['name']}; bind one account or group, or list it in {FILE}"
                yield Problem(resource, f"subjects[{index}].name", message)


@rule("wildcard-in-rules", "a wildcard also grants what is added tomorrow, and nobody reads it then")
def wildcard_in_rules(render: Render) -> Problems:
    """No role of all verbs, groups or resources, except reading the kinds of a named group."""
    for resource in _not(_allowed(render), render.of("ClusterRole", "Role")):
        for index, each in enumerate(resource.body.get("rules") or []):
            wide = _wildcard(each)
            if wide:
                message = f"{wide} are '*'; name those that it needs, or list the role in {FILE}"
                yield Problem(resource, f"rules[{index}].{wide}", message)


@rule(
    "non-existent-role",
    "a binding to a role that is not there grants nothing, and says so to nobody",
    of=("ClusterRoleBinding", "RoleBinding"),
)
def non_existent_role(render: Render, resource: Resource) -> Iterator[Fault]:
    """Every binding's role is in the render or built in."""
    role = resource.body.get("roleRef") or {}
    kind, name = str(role.get("kind")), str(role.get("name"))
    key = ("rbac.authorization.k8s.io", kind, resource.namespace if kind == "Role" else "", name)
    if key not in render.by_key and name not in BUILT_IN and not name.startswith("system:"):
        message = f"there is no {kind} {name}; add it, or fix the name"
        yield Fault("roleRef.name", message, unless=grants.bringing_role(render, resource))


@rule(
    "unused-rbac-allowance", "an allow-list that outlives its reasons lets through what nobody has looked at"
)
def unused_rbac_allowance(render: Render) -> Problems:
    """Every entry of the allow-list is of a role that is still wide, on some object of this cluster."""
    wide = [resource for resource in render.resources if resource.group == "rbac.authorization.k8s.io"]
    names = [str(resource) for resource in wide if _is_wide(resource)]
    for entry in _allowed(render):
        if not any(fnmatchcase(name, entry.object) for name in names):
            message = "nothing there is wide any more; remove the entry"
            yield Problem(
                Place("", entry.object, FILE), "object", message, unless=bringing_named(render, entry.object)
            )


def _wildcard(each: Body) -> str | None:
    """The field of a rule that is a wildcard: reading all kinds of a named group is none."""
    groups, verbs = set(each.get("apiGroups") or []), set(each.get("verbs") or [])
    reading = verbs <= READING and not groups & {"", "*"}
    fields = ("apiGroups", "verbs") if reading else ("apiGroups", "resources", "verbs")
    return next((field for field in fields if "*" in (each.get(field) or [])), None)


def _is_wide(resource: Resource) -> bool:
    subjects = {each.get("name") for each in resource.body.get("subjects") or []}
    return (
        any(_wildcard(each) for each in resource.body.get("rules") or [])
        or (resource.body.get("roleRef") or {}).get("name") == "cluster-admin"
        or bool(subjects & EVERYBODY)
    )


def _not(allowed: list[Allowed], resources: Iterable[Resource]) -> Iterator[Resource]:
    for resource in resources:
        if not any(fnmatchcase(str(resource), entry.object) for entry in allowed):
            yield resource


def _allowed(render: Render) -> list[Allowed]:
    """The allow-list as it holds on this cluster; empty where there is no file."""
    file = render.tree / FILE
    if not file.is_file():
        return []
    try:
        entries = TypeAdapter(list[Allowed]).validate_python(
            yaml.safe_load(file.read_text(encoding="utf-8")) or []
        )
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"{FILE}: {' '.join(str(error).split())[:300]}") from error
    return [entry for entry in entries if not entry.clusters or render.cluster in entry.clusters]
