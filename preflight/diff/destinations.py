"""Where objects land that name no namespace: in their application's destination, which a push may change."""

from dataclasses import replace

from preflight.render.cluster import Render
from preflight.render.kinds import definitions, namespaced
from preflight.render.resources import Resource


def landed(before: Render, after: Render) -> tuple[list[Resource], list[Resource]]:
    """The objects of both sides, with the namespace that they get where their application's changes."""
    names = {
        name
        for name, application in before.applications.items()
        if name in after.applications and after.applications[name].namespace != application.namespace
    }
    return _landed(before, names), _landed(after, names)


def _landed(render: Render, names: set[str]) -> list[Resource]:
    known = definitions(render) if names else {}
    return [
        _in(resource, render.applications[resource.application].namespace)
        if resource.application in names and not resource.namespace and namespaced(resource, known)
        else resource
        for resource in render.resources
    ]


def _in(resource: Resource, namespace: str) -> Resource:
    metadata = {**resource.metadata, "namespace": namespace}
    return replace(resource, body={**resource.body, "metadata": metadata})
