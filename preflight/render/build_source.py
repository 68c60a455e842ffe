"""One source of an application built: its folder by kustomize or as it is, its chart by Helm."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from preflight.errors import ClusterError
from preflight.render import bases, build_chart, build_folder, charts, directory, kustomizations, remotes
from preflight.render.applications import Application
from preflight.render.environment import Environment
from preflight.render.resources import KUBERNETES, Origin
from preflight.render.source_overrides import overridden
from preflight.render.sources import Own, Source
from preflight.render.unavailable import UnavailableError

Bodies = list[tuple[dict[str, Any], Origin]]


@dataclass(frozen=True)
class Workplace:
    """Where applications are built, and what is known of Argo CD itself.

    stage: a copy of the repository that may be changed
    options: kustomize.buildOptions of argocd-cm; None where that is not known
    apis: the API versions that the cluster's own definitions add, `monitoring.coreos.com/v1`
    """

    stage: Path
    own: Own = field(default_factory=Own)
    options: str | None = None
    apis: tuple[str, ...] = ()


@dataclass
class SourceBuild:
    """One source on its way to objects."""

    place: Workplace
    application: Application
    source: Source
    at: int
    notes: list[str] = field(default_factory=list)
    asks_apis: bool = False

    def bodies(self) -> Bodies:
        """Its objects, each with its file. Raises ClusterError and UnavailableError."""
        if self.source.only_named:
            return []
        self._can_be_told()
        root = self.root(self.source)
        folder = root / ("" if self.source.chart else self.source.path)
        if not folder.is_dir():
            raise ClusterError(f"{self.source.path}: no such folder in {self._where()}; fix the path")
        self.source = overridden(self.source, folder, self.application.name)
        match self._tool(folder):
            case "helm":
                return list(self._chart(root, folder))
            case "kustomize":
                return self._kustomization(root, folder)
            case _:
                return list(self._directory(root, folder))

    def root(self, source: Source) -> Path:
        """The root of the repository, or the chart, that a source names."""
        if source.chart:
            return charts.folder(charts.Chart(source.url, source.chart, source.ref))
        if source.is_oci:
            if "helm" not in source.tools:
                raise UnavailableError(f"{source.url}: an OCI artifact of manifests is not fetched here")
            return charts.folder(charts.Chart(source.url, "", source.ref))
        if source.ours:
            if not self.place.own.is_at(source.ref):
                raise UnavailableError(
                    f"it reads this repository at {source.ref}, and {self.place.own.revision} is looked at"
                )
            return self.place.stage
        base = remotes.of_repository(source.url, source.path, source.ref)
        if base is None:
            raise ClusterError(
                f"{source.url or 'repoURL'}: no address of a repository; write https://HOST/OWNER/NAME"
            )
        return bases.folder(base)

    def reason(self, error: Exception) -> str:
        """Why it was not built, without the path of the copy."""
        text = (
            str(error) if isinstance(error, ClusterError) else f"its source is of no known shape ({error!r})"
        )
        return " ".join(text.replace(f"{self.place.stage}/", "").split())

    def _can_be_told(self) -> None:
        source = self.source
        if "plugin" in source.tools:
            name = source.told_of("plugin").get("name") or "without a name"
            raise UnavailableError(f"the config management plugin {name} makes it, which is not run here")
        if len(source.tools) > 1:
            raise ClusterError(
                f"it is told to be built by {' and by '.join(source.tools)}; Argo CD takes one"
            )
        if not (source.path or source.chart or source.is_oci):
            raise ClusterError("a source without path, chart or ref; Argo CD refuses the application")
        if source.ours and source.path == ".":
            raise UnavailableError("its path is the whole of this repository, which is not built here")

    def _name(self) -> str:
        """A name of its own for files: an application's may be anything, before it is found to be wrong."""
        return f"{quote(self.application.name, safe='')}-{self.at}"

    def _where(self) -> str:
        return "this repository" if self.source.ours else f"{self.source.url} at {self.source.ref or 'HEAD'}"

    def _tool(self, folder: Path) -> str:
        """What it is told, else what is there, as Argo CD finds it out."""
        if self.source.tools:
            return self.source.tools[0]
        if self.source.chart or (folder / "Chart.yaml").is_file():
            return "helm"
        return "kustomize" if kustomizations.file(folder) else "directory"

    def _environment(self) -> Environment:
        app, source = self.application, self.source
        return Environment.of(
            name=app.name,
            namespace=app.namespace,
            project=app.project,
            url=source.url,
            path=source.path,
            revision=source.ref or "HEAD",
        )

    def _origin(self, root: Path, file: Path) -> Origin:
        """A file of ours, or of the repository that its root is."""
        path = file.relative_to(root).as_posix()
        if self.source.ours:
            return Origin(path, upstream=False)
        return Origin(f"{label(self.source)}:{path}", upstream=True)

    def _chart(self, root: Path, folder: Path) -> Iterator[tuple[dict[str, Any], Origin]]:
        chart = build_chart.ChartBuild(
            self.place.stage,
            self._name(),
            root,
            folder,
            self.source,
            self._environment(),
            self._referenced,
            self.place.apis,
        )
        bodies = chart.bodies(self.application.name, self.application.namespace)
        self.asks_apis = chart.asks_apis
        path = self.source.path or self.source.chart
        origin = (
            Origin(path, upstream=False)
            if self.source.ours
            else Origin(f"{label(self.source)}:{path}", upstream=True)
        )
        for body in bodies:
            yield in_namespace(body, self.application.namespace), origin

    def _kustomization(self, root: Path, folder: Path) -> Bodies:
        made = build_folder.FolderBuild(
            self.place.stage, self._name(), root, folder, self.source, self._environment(), self.place.options
        ).bodies(Origin(self.application.path, upstream=False))
        if self.source.ours:
            return made
        return [(in_namespace(body, self.application.namespace), origin) for body, origin in made]

    def _directory(self, root: Path, folder: Path) -> Iterator[tuple[dict[str, Any], Origin]]:
        held = directory.read(folder, self.source.told_of("directory"))
        self.notes += [
            f"{each.relative_to(root)} is Jsonnet, which is not evaluated here" for each in held.unread
        ]
        for file, body in held.objects:
            yield in_namespace(body, self.application.namespace), self._origin(root, file)

    def _referenced(self, name: str) -> Path | None:
        """The root of the source that has a name."""
        found = next((each for each in self.application.sources if each.name == name), None)
        return self.root(found) if found else None


def label(source: Source) -> str:
    """What stands before a file of an upstream: `OWNER/NAME@TAG`, of a chart its repository's address."""
    base = remotes.of_repository(source.url if "://" in source.url else f"oci://{source.url}", "", source.ref)
    steps = source.url.rstrip("/").split("://")[-1]
    return (
        f"{base.repository}@{source.ref or 'HEAD'}" if base and not source.chart else f"{steps}@{source.ref}"
    )


def in_namespace(body: dict[str, Any], namespace: str) -> dict[str, Any]:
    """A namespaced object without a namespace goes to the application's."""
    metadata = body.get("metadata")
    kind = str(body.get("kind"))
    inside = kind not in KUBERNETES["cluster_scoped"] and not kind.startswith("Cluster")
    if inside and namespace and isinstance(metadata, dict) and not metadata.get("namespace"):
        metadata["namespace"] = namespace
    return body
