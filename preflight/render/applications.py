"""What Argo CD is told: the applications that sets, or a folder's own objects, make."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from preflight.render.resources import Body, Resource
from preflight.render.sets.expand import Expansion
from preflight.render.sources import Own, Source, normalized, sources

ROOT = "root"
IN_CLUSTER = {"", "https://kubernetes.default.svc", "in-cluster"}


@dataclass(frozen=True)
class Application:
    """One Argo CD application.

    wave: the order in which it comes up, that of the set that makes it
    path: the folder that it shows, of this repository; else that of the application that brings it
    owner: what makes it: `root`, a set, or the application whose folder holds it
    server: the cluster that it goes to, empty for the one that Argo CD runs in
    made_by_set: whether a set makes it, and not a folder that holds it
    """

    name: str
    wave: int
    project: str
    path: str
    namespace: str
    owner: str
    sync_options: frozenset[str]
    sources: tuple[Source, ...] = ()
    server: str = ""
    made_by_set: bool = True

    @property
    def chart(self) -> Source | None:
        """The first source from elsewhere, as a chart's; None where all is of this repository."""
        return next((each for each in self.sources if not each.ours), None)

    @property
    def parent(self) -> str:
        """The application whose folder holds it, as that of a chart; empty where a set makes it.

        A set and an application may have one name.
        """
        return "" if self.made_by_set else self.owner


def clusters(tree: Path) -> list[str]:
    """The clusters that the repository describes, by name."""
    return sorted(path.parent.name for path in (tree / "argocd-apps/overlays").glob("*/kustomization.yaml"))


def root(cluster: str) -> Application:
    """What `make up` applies, and what brings all others."""
    return Application(ROOT, -1, "platform", f"argocd-apps/overlays/{cluster}", "argocd", ROOT, frozenset())


def own(told: Iterable[Resource]) -> Own:
    """The addresses of this repository: what `root` reads; where there is none, what sets read."""
    told = list(told)
    specs = [each.spec for each in told if each.kind == "Application" and each.name == ROOT]
    read = [source for spec in specs for source in spec.get("sources") or [spec.get("source") or {}]]
    if not read:
        sets = [each.spec for each in told if each.kind == "ApplicationSet"]
        read = [{**git, "targetRevision": git.get("revision")} for git in _git_generators(sets)]
    revisions = {str(each.get("targetRevision") or "") for each in read}
    return Own(
        frozenset(normalized(str(each.get("repoURL") or "")) for each in read),
        revisions.pop() if len(revisions) == 1 else "",
    )


def _git_generators(value: Any) -> Iterator[dict[str, Any]]:
    """Those of sets, within others too."""
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    if isinstance(value, dict) and isinstance(value.get("git"), dict) and value["git"].get("repoURL"):
        yield value["git"]
    for each in below:
        yield from _git_generators(each)


def of_set(expansion: Expansion, parent: Application, ours: Own) -> Iterator[Application]:
    """What a set makes, each in the set's wave, or in that of the application whose folder holds the set."""
    source = expansion.source
    wave = source.sync_wave if parent.name == ROOT else parent.wave
    for body in expansion.applications:
        name = str((body.get("metadata") or {}).get("name") or "")
        if name:
            yield _application(name, body.get("spec") or {}, wave, source.name, parent, ours)


def of_object(resource: Resource, parent: Application, ours: Own) -> Application:
    """The application that an Application in a folder is."""
    wave = resource.sync_wave if parent.name == ROOT else parent.wave
    made = _application(resource.name, resource.spec, wave, parent.name, parent, ours)
    return replace(made, made_by_set=False)


def _application(name: str, spec: Body, wave: int, owner: str, parent: Application, ours: Own) -> Application:
    found = sources(spec, ours)
    destination = spec.get("destination") or {}
    server = str(destination.get("server") or destination.get("name") or "")
    folder = next((each.path for each in found if each.ours and each.path), parent.path)
    return Application(
        name=name,
        wave=wave,
        project=str(spec.get("project") or ""),
        path=folder,
        namespace=str(destination.get("namespace") or ""),
        owner=owner,
        sync_options=frozenset((spec.get("syncPolicy") or {}).get("syncOptions") or []),
        sources=found,
        server="" if server in IN_CLUSTER else server,
    )
