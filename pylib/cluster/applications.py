"""What Argo CD is told: projects, sets and the applications they make of this repository's folders.

A set's Git directory generator is expanded here as Argo CD does it: `*` stands for one folder's name, and an
excluded path wins over an included one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pylib.cluster.resources import Body, Resource
from pylib.errors import ClusterError

ROOT = "root"
IN_CLUSTER = {"", "https://kubernetes.default.svc", "in-cluster"}


@dataclass(frozen=True)
class Chart:
    """A Helm chart in a folder of a Git repository at a tag, with values from this repository."""

    url: str
    path: str
    ref: str
    release: str
    values: tuple[str, ...]
    skip_tests: bool


@dataclass(frozen=True)
class Application:
    """One Argo CD application: a folder of this repository, or an upstream chart.

    wave: the order in which it comes up, that of the set that makes it
    owner: what makes it: `root`, a set, or the application whose folder holds it
    server: the cluster that it goes to, empty for the one that Argo CD runs in
    """

    name: str
    wave: int
    project: str
    path: str
    namespace: str
    owner: str
    sync_options: frozenset[str]
    chart: Chart | None = None
    server: str = ""

    @property
    def parent(self) -> str:
        """The application whose folder holds it, as that of a chart; empty where a set makes it.

        A set and an application may have one name.
        """
        return self.owner if self.chart else ""


def clusters(tree: Path) -> list[str]:
    """The clusters that the repository describes, by name."""
    return sorted(path.parent.name for path in (tree / "argocd-apps/overlays").glob("*/kustomization.yaml"))


def expand(tree: Path, sets: list[Resource]) -> list[Application]:
    """The applications that the sets make of the folders of `tree`, in wave order."""
    made = [application for each in sets for application in _expand(tree, each)]
    return sorted(made, key=lambda application: (application.wave, application.name))


def child(resource: Resource, parent: Application) -> Application | None:
    """An Application in a parent's folder, as one of a chart; None where it is of another form."""
    sources = resource.spec.get("sources") or [resource.spec.get("source") or {}]
    chart = next((_chart(source) for source in sources if "helm" in source), None)
    if chart is None:
        return None
    return Application(
        name=resource.name,
        wave=parent.wave,
        project=str(resource.spec.get("project", "")),
        path=parent.path,
        namespace=str((resource.spec.get("destination") or {}).get("namespace", "")),
        owner=parent.name,
        sync_options=_options(resource.spec),
        chart=chart,
        server=_server(resource.spec),
    )


def _chart(source: Body) -> Chart:
    helm = source["helm"]
    return Chart(
        url=str(source.get("repoURL", "")),
        path=str(source.get("path", "")),
        ref=str(source.get("targetRevision", "")),
        release=str(helm.get("releaseName", "")),
        values=tuple(str(file).removeprefix("$values/") for file in helm.get("valueFiles") or []),
        skip_tests=bool(helm.get("skipTests")),
    )


def _options(spec: Body) -> frozenset[str]:
    return frozenset((spec.get("syncPolicy") or {}).get("syncOptions") or [])


def _server(spec: Body) -> str:
    destination = spec.get("destination") or {}
    server = str(destination.get("server") or destination.get("name") or "")
    return "" if server in IN_CLUSTER else server


def _expand(tree: Path, each: Resource) -> Iterator[Application]:
    template = each.spec.get("template") or {}
    spec = template.get("spec") or {}
    for path in _folders(tree, each):
        yield Application(
            name=Path(path).parts[1],
            wave=each.sync_wave,
            project=str(spec.get("project", "")),
            path=path,
            namespace=str((spec.get("destination") or {}).get("namespace", "")),
            owner=each.name,
            sync_options=_options(spec),
            server=_server(spec),
        )


def _folders(tree: Path, each: Resource) -> Iterator[str]:
    directories = list(_directories(each))
    for folder in sorted(path for path in tree.glob("cluster-conf/*/overlays/*") if path.is_dir()):
        path = folder.relative_to(tree).as_posix()
        hits = [bool(entry.get("exclude")) for entry in directories if _matches(path, str(entry["path"]))]
        if hits and not any(hits):
            yield path


def _directories(each: Resource) -> Iterator[Any]:
    for generator in each.spec.get("generators") or []:
        if "git" not in generator or not generator["git"].get("directories"):
            raise ClusterError(f"{each}: its generator is not of Git directories; use git.directories")
        yield from generator["git"]["directories"]


def _matches(path: str, pattern: str) -> bool:
    """As Go's path.Match: a star does not cross a slash."""
    steps, patterns = path.split("/"), pattern.split("/")
    return len(steps) == len(patterns) and all(map(fnmatchcase, steps, patterns))
