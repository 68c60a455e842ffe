"""A whole cluster rendered: every object that Argo CD would apply, with its application, wave and file."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from preflight.errors import ClusterError
from preflight.render import rendering
from preflight.render.applications import Application, clusters, own
from preflight.render.pods import Container, PodTemplate, containers, pod_templates
from preflight.render.progress import Listener, heard, mapped
from preflight.render.rendering import FOLDERS
from preflight.render.resources import Resource
from preflight.render.sets.expand import Expansion, expand

__all__ = ["FOLDERS", "Key", "Listener", "Render", "Unchecked", "render"]
Key = tuple[str, str, str, str]


@dataclass(frozen=True, order=True)
class Unchecked:
    """Something that could not be rendered, and why: never passed over in silence."""

    application: str
    reason: str


@dataclass(frozen=True, eq=False)
class Render:
    """All objects of one cluster.

    tree: the repository's folder that it was rendered from
    applications: by name, in wave order; `root` is what `make up` applies
    broken: those of `unchecked` that nobody can build, or that Argo CD refuses to make
    """

    cluster: str
    tree: Path
    applications: dict[str, Application]
    resources: list[Resource]
    unchecked: list[Unchecked] = field(default_factory=list)
    broken: list[Unchecked] = field(default_factory=list)

    def of(self, *kinds: str) -> Iterator[Resource]:
        """Every object of the kinds."""
        return (resource for kind in kinds for resource in self.by_kind.get(kind, []))

    def wave(self, resource: Resource) -> int:
        """The wave of the application that an object belongs to."""
        return self.applications[resource.application].wave

    def of_application(self, name: str) -> list[Resource]:
        """Every object of an application."""
        return [resource for resource in self.resources if resource.application == name]

    @cached_property
    def by_kind(self) -> dict[str, list[Resource]]:
        """Every object by its kind."""
        kinds: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources:
            kinds[resource.kind].append(resource)
        return dict(kinds)

    @cached_property
    def by_key(self) -> dict[Key, list[Resource]]:
        """Every object by what identifies it; more than one where two applications claim it."""
        keys: dict[Key, list[Resource]] = defaultdict(list)
        for resource in self.resources:
            keys[resource.key].append(resource)
        return dict(keys)

    @cached_property
    def expansions(self) -> list[Expansion]:
        """Every set with the Applications that it makes."""
        read = rendering.checkout(self.tree, own(self.resources))
        return [expand(each, read) for each in self.of("ApplicationSet")]

    @cached_property
    def pods(self) -> dict[str, list[PodTemplate]]:
        """Every pod template by its namespace."""
        namespaces: dict[str, list[PodTemplate]] = defaultdict(list)
        for resource in self.resources:
            namespaces[resource.namespace].extend(pod_templates(resource))
        return {namespace: pods for namespace, pods in namespaces.items() if pods}


def render(
    tree: Path, cluster: str, listen: Listener = lambda _application: None, *, processes: int | None = None
) -> Render:
    """Render what `tree`, a checkout of the repository, says of a cluster.

    `listen` hears the name of each application as it is done. What cannot be rendered is in `unchecked`;
    only a repository without that cluster, or without its root, raises ClusterError. As many processes as
    the machine has cores build the applications, unless a number is given; with 1 it is this one.
    """
    if cluster not in clusters(tree):
        known = ", ".join(clusters(tree)) or "none"
        raise ClusterError(f"argocd-apps/overlays/{cluster}: no such cluster; there are: {known}")
    with tempfile.TemporaryDirectory(prefix="preflight-render-") as name, mapped(processes) as run:
        made = rendering.everything(tree, Path(name).resolve(), cluster, heard(run, listen))
    broken = [Unchecked(each.application.name, each.error) for each in made.built if each.broken]
    missing = [Unchecked(each.application.name, each.error) for each in made.built if each.error]
    refused = [Unchecked(name, reason) for name, reason in made.refused]
    return Render(
        cluster,
        tree,
        {each.application.name: each.application for each in made.built},
        [resource for each in made.built for resource in each.resources],
        [*missing, *refused, *(Unchecked(name, reason) for name, reason in made.unknown)],
        [*broken, *refused],
    )


def every_pod(render: Render) -> Iterator[PodTemplate]:
    """Every pod template of a render."""
    return (pod for pods in render.pods.values() for pod in pods)


def every_container(render: Render) -> Iterator[Container]:
    """Every container of every pod template, init containers included."""
    return (container for pod in every_pod(render) for container in containers(pod))


def our_containers(render: Render) -> Iterator[Container]:
    """Those of workloads that this repository writes."""
    return (each for each in every_container(render) if not each.pod.resource.origin.upstream)
