"""What an application needs of others, read from the render: definitions, namespaces and services."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from preflight.render.cluster import Render
from preflight.render.resources import Resource

# `name.namespace`, as pods and routes name a service of another namespace.
HOST = re.compile(r"\b([a-z0-9][a-z0-9-]*)\.([a-z0-9][a-z0-9-]*)\b")
DEFINITION = "CustomResourceDefinition"
INSTALLED_BEFORE = "argoproj.io"  # Argo CD is there before it installs anything, itself included

Need = tuple[str, str]
Needs = dict[Need, set[str]]


def needs(render: Render) -> Needs:
    """Each application with another that it needs, and the reasons: definition, namespace, service."""
    found: Needs = defaultdict(set)
    for reason, pairs in (
        ("definition", _definitions(render)),
        ("namespace", _namespaces(render)),
        ("service", _services(render)),
    ):
        for user, used in pairs:
            if user != used:
                found[user, used].add(reason)
    return dict(found)


def essential(edges: Needs) -> Needs:
    """Without those that follow from others: if a needs b and b needs c, a need not be drawn to c."""
    below = _reachable(edges)
    users = defaultdict(set)
    for user, used in edges:
        users[user].add(used)
    return {
        (user, used): reasons
        for (user, used), reasons in edges.items()
        if not any(used in below[other] and user not in below[other] for other in users[user] - {used})
    }


def _reachable(edges: Needs) -> dict[str, set[str]]:
    """All that each application needs, through others too."""
    direct = defaultdict(set)
    for user, used in edges:
        direct[user].add(used)
    found: dict[str, set[str]] = {}
    for start in {name for edge in edges for name in edge}:
        pending, seen = [start], set[str]()
        while pending:
            new = direct[pending.pop()] - seen
            seen |= new
            pending.extend(new)
        found[start] = seen
    return found


def _definitions(render: Render) -> Iterator[Need]:
    makers = {}
    for resource in render.of(DEFINITION):
        kind = (resource.spec.get("names") or {}).get("kind")
        makers[resource.spec.get("group"), kind] = resource.application
    makers = {key: maker for key, maker in makers.items() if key[0] != INSTALLED_BEFORE}
    for resource in render.resources:
        maker = makers.get((resource.group, resource.kind))
        if maker:
            yield resource.application, maker


def _namespaces(render: Render) -> Iterator[Need]:
    makers = {resource.name: resource.application for resource in render.of("Namespace")}
    return (
        (resource.application, makers[resource.namespace])
        for resource in render.resources
        if resource.namespace in makers
    )


def _services(render: Render) -> Iterator[Need]:
    makers = {(each.name, each.namespace): each.application for each in render.of("Service")}
    for resource in render.resources:
        for name in _hosts(resource) if resource.kind != DEFINITION else ():
            if name in makers:
                yield resource.application, makers[name]


def _hosts(resource: Resource) -> set[tuple[str, str]]:
    return {match for text in _texts(resource.body) for match in HOST.findall(text)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
