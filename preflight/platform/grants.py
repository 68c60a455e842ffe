"""What a service account may do: the rules of the roles that are bound to it by its name."""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from preflight.platform.bringing import bringing
from preflight.platform.reach import Reach
from preflight.render.cluster import Render
from preflight.render.resources import Body, Resource
from preflight.render.selection import matches

Access = tuple[str, str, str]  # group, resource, verb


class Grant(NamedTuple):
    """One verb on one resource, with the role and the field that grant it."""

    role: Resource
    field: str
    access: Access


def of(render: Render, namespace: str, name: str) -> Iterator[Grant]:
    """All that an account is granted; what every account has, whoever it is, is not counted."""
    for binding in bindings(render, namespace, name):
        for role in roles(render, binding):
            for index, each in enumerate(role.body.get("rules") or []):
                yield from (Grant(role, f"rules[{index}]", access) for access in _accesses(each))


def bindings(render: Render, namespace: str, name: str) -> Iterator[Resource]:
    """The bindings that name an account."""
    for binding in render.of("RoleBinding", "ClusterRoleBinding"):
        for subject in binding.body.get("subjects") or []:
            place = subject.get("namespace") or binding.namespace
            if (subject.get("kind"), place, subject.get("name")) == ("ServiceAccount", namespace, name):
                yield binding


def roles(render: Render, binding: Resource) -> list[Resource]:
    """The role that a binding names, and those that are aggregated into it; none where nothing brings it."""
    reference = binding.body.get("roleRef") or {}
    space = binding.namespace if reference.get("kind") == "Role" else ""
    key = (binding.group, str(reference.get("kind")), space, str(reference.get("name")))
    made = list(render.by_key.get(key, []))
    for role in made:  # grows while it is read: what is aggregated may aggregate others
        for selector in (role.body.get("aggregationRule") or {}).get("clusterRoleSelectors") or []:
            chosen = [each for each in render.of("ClusterRole") if matches(selector, each.labels)]
            made.extend(each for each in chosen if each not in made)
    return made


def bringing_role(render: Render, binding: Resource) -> list[Reach]:
    """The applications, not rendered, that may bring the role which a binding names."""
    kind = str((binding.body.get("roleRef") or {}).get("kind"))
    return bringing(render, [kind], binding.namespace if kind == "Role" else "")


def _accesses(each: Body) -> Iterator[Access]:
    """A rule's verbs, one by one; on named objects only, the resource is told with their names."""
    names = each.get("resourceNames") or []
    only = f" {', '.join(names)}" if names else ""
    resources = [*(each.get("resources") or []), *(each.get("nonResourceURLs") or [])]
    for group, resource, verb in product(each.get("apiGroups") or [""], resources, each.get("verbs") or []):
        yield str(group), f"{resource}{only}", str(verb)
