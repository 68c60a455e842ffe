"""Which object of one render is which of the other.

By what identifies it on a cluster first; then, among those that are left, a generated configuration by its
name without the hash, and an object by its kind and name where only its namespace changed.
"""

import re
from collections.abc import Callable, Hashable, Iterator

from preflight.render.resources import Resource

Pair = tuple[Resource | None, Resource | None]
# kustomize's generators append a hash of ten characters of this alphabet to the name.
HASHED = re.compile(r"(.+)-[24-9bcdfghkmt]{10}")
GENERATED = {"ConfigMap", "Secret"}
Identity = Callable[[Resource], Hashable | None]


def pairs(before: list[Resource], after: list[Resource]) -> Iterator[Pair]:
    """Every object of both renders once, with its counterpart or None."""
    for identity in (_same, _same_elsewhere, _generated, _in_another_namespace):
        found = list(_match(before, after, identity))
        yield from found
        old, new = {id(one) for one, _ in found}, {id(other) for _, other in found}
        before = [each for each in before if id(each) not in old]
        after = [each for each in after if id(each) not in new]
    yield from ((each, None) for each in before)
    yield from ((None, each) for each in after)


def _match(
    before: list[Resource], after: list[Resource], identity: Identity
) -> Iterator[tuple[Resource, Resource]]:
    """Those that both sides have exactly once."""
    old, new = _unique(before, identity), _unique(after, identity)
    return ((old[key], new[key]) for key in old if key in new)


def _unique(resources: list[Resource], identity: Identity) -> dict[Hashable, Resource]:
    found: dict[Hashable, Resource] = {}
    twice = set()
    for resource in resources:
        key = identity(resource)
        if key in found:
            twice.add(key)
        elif key is not None:
            found[key] = resource
    return {key: resource for key, resource in found.items() if key not in twice}


def _same(resource: Resource) -> Hashable:
    return (resource.application, resource.key)


def _same_elsewhere(resource: Resource) -> Hashable:
    return resource.key


def stem(resource: Resource) -> str | None:
    """The name of a generated configuration without its hash; None of any other object."""
    match = HASHED.fullmatch(resource.name) if resource.kind in GENERATED else None
    return match[1] if match else None


def _generated(resource: Resource) -> Hashable | None:
    name = stem(resource)
    return name and (resource.application, resource.kind, resource.namespace, name)


def _in_another_namespace(resource: Resource) -> Hashable | None:
    if not resource.namespace:
        return None
    name = stem(resource) or resource.name
    return (resource.application, resource.group, resource.kind, name)
