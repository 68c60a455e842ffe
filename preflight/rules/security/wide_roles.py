"""Who may do everything: nobody, except those that cluster-conf/rbac-allowed.yaml names with the reason."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from preflight.errors import ConfigurationError
from preflight.findings import Finding, Said, found, rule
from preflight.platform import grants
from preflight.render.cluster import Render
from preflight.render.resources import Body, Resource
from preflight.render.selection import bringing_named, unless_brought

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


@rule("rbac-cluster-admin", "who breaks into one pod of a cluster-admin has the whole cluster")
def rbac_cluster_admin(render: Render) -> Iterator[Finding]:
    """No binding to cluster-admin, nor one that gives everybody something."""
    allowed = _allowed(render)
    for resource in _not(allowed, render.of("ClusterRoleBinding", "RoleBinding")):
        if (resource.body.get("roleRef") or {}).get("name") == "cluster-admin":
            message = f"it gives cluster-admin; bind a role with the verbs it needs, or list it in {FILE}"
            yield found("rbac-cluster-admin", resource, "roleRef.name", message)


@rule("rbac-everybody", "what everybody may do, every pod that is broken into may do too")
def rbac_everybody(render: Render) -> Iterator[Finding]:
    """No binding to all users or all service accounts."""
    for resource in _not(_allowed(render), render.of("ClusterRoleBinding", "RoleBinding")):
        for index, subject in enumerate(resource.body.get("subjects") or []):
            if subject.get("kind") != "ServiceAccount" and subject.get("name") in EVERYBODY:
                message = f"it binds {subject['name']}; bind one account or group, or list it in {FILE}"
                yield found("rbac-everybody", resource, f"subjects[{index}].name", message)


@rule("rbac-wildcard", "a wildcard also grants what is added tomorrow, and nobody reads it then")
def rbac_wildcard(render: Render) -> Iterator[Finding]:
    """No role of all verbs, groups or resources, except reading the kinds of a named group."""
    for resource in _not(_allowed(render), render.of("ClusterRole", "Role")):
        for index, each in enumerate(resource.body.get("rules") or []):
            wide = _wildcard(each)
            if wide:
                message = f"{wide} are '*'; name those that it needs, or list the role in {FILE}"
                yield found("rbac-wildcard", resource, f"rules[{index}].{wide}", message)


@rule("rbac-role-missing", "a binding to a role that is not there grants nothing, and says so to nobody")
def rbac_role_missing(render: Render) -> Iterator[Said]:
    """Every binding's role is in the render or built in."""
    for resource in render.of("ClusterRoleBinding", "RoleBinding"):
        role = resource.body.get("roleRef") or {}
        kind, name = str(role.get("kind")), str(role.get("name"))
        key = ("rbac.authorization.k8s.io", kind, resource.namespace if kind == "Role" else "", name)
        if key not in render.by_key and name not in BUILT_IN and not name.startswith("system:"):
            message = f"there is no {kind} {name}; add it, or fix the name"
            finding = found("rbac-role-missing", resource, "roleRef.name", message)
            yield unless_brought(finding, grants.bringing_role(render, resource))


@rule("rbac-allowed-unused", "an allow-list that outlives its reasons lets through what nobody has looked at")
def rbac_allowed_unused(render: Render) -> Iterator[Said]:
    """Every entry of the allow-list is of a role that is still wide, on some object of this cluster."""
    wide = [resource for resource in render.resources if resource.group == "rbac.authorization.k8s.io"]
    names = [str(resource) for resource in wide if _is_wide(resource)]
    for entry in _allowed(render):
        if not any(fnmatchcase(name, entry.object) for name in names):
            message = "nothing there is wide any more; remove the entry"
            finding = Finding("rbac-allowed-unused", "", entry.object, FILE, "object", message)
            yield unless_brought(finding, bringing_named(render, entry.object))


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
        entries = TypeAdapter(list[Allowed]).validate_python(yaml.safe_load(file.read_text()) or [])
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"{FILE}: {' '.join(str(error).split())[:300]}") from error
    return [entry for entry in entries if not entry.clusters or render.cluster in entry.clusters]
