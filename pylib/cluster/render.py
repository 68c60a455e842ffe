"""A whole cluster rendered: every object that Argo CD would apply, with its application, wave and file."""

import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from pylib.cluster import build
from pylib.cluster.applications import ROOT, Application, child, clusters, expand
from pylib.cluster.build import Built
from pylib.cluster.pods import PodTemplate, pod_templates
from pylib.cluster.resources import Resource
from pylib.errors import ClusterError

# What a render reads of the repository.
FOLDERS = ("argocd-apps", "cluster-conf", "pipelines/compiled")
NOT_READ = "cluster-conf/schemas"
MOST_PROCESSES = 16
Key = tuple[str, str, str, str]
Listener = Callable[[str], None]
Work = Callable[[Application], Built]
Map = Callable[[Work, list[Application]], Iterable[Built]]


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
    broken: those of `unchecked` that nobody can build
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
    def pods(self) -> dict[str, list[PodTemplate]]:
        """Every pod template by its namespace."""
        namespaces: dict[str, list[PodTemplate]] = defaultdict(list)
        for resource in self.resources:
            namespaces[resource.namespace].extend(pod_templates(resource))
        return {namespace: pods for namespace, pods in namespaces.items() if pods}


def render(
    tree: Path,
    cluster: str,
    listen: Listener = lambda _application: None,
    *,
    processes: int | None = None,
) -> Render:
    """Render what `tree`, a checkout of the repository, says of a cluster.

    `listen` hears the name of each application as it is done. What cannot be rendered is in `unchecked`;
    only a repository without that cluster, or without its root, raises ClusterError. As many processes as
    the machine has cores build the applications, unless a number is given; with 1 it is this one.
    """
    if cluster not in clusters(tree):
        known = ", ".join(clusters(tree)) or "none"
        raise ClusterError(f"argocd-apps/overlays/{cluster}: no such cluster; there are: {known}")
    with tempfile.TemporaryDirectory(prefix="pylib-render-") as name, _mapped(processes) as run:
        stage = _stage(tree, Path(name).resolve())
        return _render(tree, stage, cluster, _heard(run, listen))


def _stage(tree: Path, stage: Path) -> Path:
    def ignored(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(folder, name) == tree / NOT_READ]

    for folder in FOLDERS:
        if (tree / folder).is_dir():
            shutil.copytree(tree / folder, stage / folder, symlinks=True, ignore=ignored)
    return stage


def _render(tree: Path, stage: Path, cluster: str, run: Map) -> Render:
    root = Application(ROOT, -1, "platform", f"argocd-apps/overlays/{cluster}", "argocd", ROOT, frozenset())
    told = build.folder(stage, root)
    if told.error:
        raise ClusterError(f"{root.path}: {told.error}")
    sets = [resource for resource in told.resources if resource.kind == "ApplicationSet"]
    built = [told, *run(partial(build.folder, stage), expand(stage, sets))]
    charts = [application for each in built for application in _children(each)]
    built += run(partial(build.chart, stage), charts)
    return Render(
        cluster,
        tree,
        {each.application.name: each.application for each in built},
        [resource for each in built for resource in each.resources],
        [Unchecked(each.application.name, each.error) for each in built if each.error],
        [Unchecked(each.application.name, each.error) for each in built if each.broken],
    )


def _children(built: Built) -> Iterator[Application]:
    for resource in built.resources:
        application = child(resource, built.application) if resource.kind == "Application" else None
        if application:
            yield application


@contextmanager
def _mapped(processes: int | None) -> Iterator[Map]:
    """How work is spread: over processes, or in this one."""
    if processes == 1:
        yield map
    else:
        with ProcessPoolExecutor(processes or min(os.cpu_count() or 1, MOST_PROCESSES)) as pool:
            yield pool.map


def _heard(run: Map, listen: Listener) -> Map:
    def heard(work: Work, applications: list[Application]) -> Iterator[Built]:
        for built in run(work, applications):
            listen(built.application.name)
            yield built

    return heard
