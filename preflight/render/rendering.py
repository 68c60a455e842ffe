"""How a cluster is rendered: the root, what it brings, what that brings, until there is no more."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from preflight.errors import ClusterError
from preflight.render import applications, bases, build, remotes
from preflight.render.applications import ROOT, Application
from preflight.render.build import Built
from preflight.render.build_source import Workplace
from preflight.render.progress import Map
from preflight.render.resources import Resource
from preflight.render.sets.expand import expand
from preflight.render.sets.repository import Checkout
from preflight.render.sources import Own
from preflight.render.unavailable import UnavailableError

# What a render reads of the repository, whatever its applications are.
FOLDERS = ("argocd-apps", "cluster-conf", "pipelines/compiled", "pipelines/sweeps")
NOT_READ = "cluster-conf/schemas"
ARGOCD_CM = "argocd-cm"
BUILD_OPTIONS = "kustomize.buildOptions"


@dataclass
class Everything:
    """All that was built, and the sets of which something was not made.

    unknown: what nobody here can tell, by name with the reason; refused: what the controller refuses
    """

    built: list[Built] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def everything(tree: Path, stage: Path, cluster: str, run: Map) -> Everything:
    """Build a cluster in `stage`, an empty folder. Raises ClusterError where its root cannot be built."""
    for folder in FOLDERS:
        _copy(tree, stage, folder)
    root = applications.root(cluster)
    told = build.application(Workplace(stage), root)
    if told.error:
        raise ClusterError(f"{root.path}: {told.error}")
    place = Workplace(stage, own=applications.own(told.resources))
    made = Everything([told])
    work = _Walk(tree, place, run, made)
    work.below([told])
    work.again()
    return made


def checkout(tree: Path, ours: Own) -> Checkout:
    """Where a set's Git generator finds a repository: this one as it is, another in the cache."""

    def folder(url: str, revision: str) -> Path:
        if ours.has(url):
            if not ours.is_at(revision):
                raise UnavailableError(f"it reads this repository at {revision}, not at {ours.revision}")
            return tree
        base = remotes.of_repository(url, "", revision)
        if base is None:
            raise UnavailableError(f"its generator git reads {url or 'no repository'}, which is no address")
        return bases.folder(base)

    return folder


@dataclass
class _Walk:
    """From an application to those that it brings."""

    tree: Path
    place: Workplace
    run: Map
    made: Everything
    seen: set[str] = field(default_factory=lambda: {ROOT})

    def below(self, built: list[Built]) -> None:
        """Build what the applications bring, and what that brings."""
        while built:
            found = [each for one in built for each in self._children(one) if self._is_new(each)]
            found.sort(key=lambda each: (each.wave, each.name))
            for each in found:
                self._stage(each)
            built = list(self.run(partial(build.application, self.place), found)) if found else []
            self.made.built += built

    def again(self) -> None:
        """Build once more what asked for what is known only now: kustomize's options, API versions."""
        place = replace(self.place, options=self._options(), apis=self._apis())
        waiting = [
            at
            for at, each in enumerate(self.made.built)
            if each.waits and (place.options is not None or place.apis)
        ]
        if place.options:
            waiting = list(range(1, len(self.made.built)))
        self.place = place
        rebuilt = self.run(
            partial(build.application, place), [self.made.built[at].application for at in waiting]
        )
        new = list(rebuilt) if waiting else []
        for at, each in zip(waiting, new, strict=True):
            self.made.built[at] = each
        self.below(new)

    def _children(self, built: Built) -> Iterator[Application]:
        parent = built.application
        for resource in built.resources:
            if resource.group != "argoproj.io":
                continue
            if resource.kind == "Application":
                yield applications.of_object(resource, parent, self.place.own)
            if resource.kind == "ApplicationSet":
                yield from self._of_set(resource, parent)

    def _of_set(self, resource: Resource, parent: Application) -> Iterator[Application]:
        found = expand(resource, checkout(self.tree, self.place.own))
        for why, noted in ((found.unknown, self.made.unknown), (found.refused, self.made.refused)):
            noted += [(f"ApplicationSet {resource.name}", f"{told.field}: {told.message}") for told in why]
        yield from applications.of_set(found, parent, self.place.own)

    def _is_new(self, application: Application) -> bool:
        """Whether none of its name is there: Argo CD makes one of them, which may even bring itself."""
        new = application.name not in self.seen
        self.seen.add(application.name)
        return new

    def _stage(self, application: Application) -> None:
        """Copy what it reads of this repository beside the usual folders."""
        for source in application.sources:
            helm = source.told_of("helm")
            files = [
                *(helm.get("valueFiles") or []),
                *(each.get("path") for each in helm.get("fileParameters") or []),
            ]
            read = [str(each).partition("/")[2] for each in files if str(each).startswith(("$", "/"))]
            for path in [source.path, *read] if source.ours else read:
                top = path.partition("/")[0]
                if (
                    top
                    and not top.startswith(".")
                    and top not in {each.partition("/")[0] for each in FOLDERS}
                ):
                    _copy(self.tree, self.place.stage, top)

    def _options(self) -> str | None:
        """kustomize.buildOptions; None where the ConfigMap that has it was not rendered."""
        for built in self.made.built:
            for each in built.resources:
                if (each.kind, each.name) == ("ConfigMap", ARGOCD_CM):
                    return str((each.body.get("data") or {}).get(BUILD_OPTIONS) or "")
        return None

    def _apis(self) -> tuple[str, ...]:
        """The API versions that the definitions of this cluster serve, and their kinds."""
        found = set()
        for built in self.made.built:
            for each in built.resources:
                if each.kind == "CustomResourceDefinition":
                    group, names = each.spec.get("group"), each.spec.get("names") or {}
                    versions = [
                        one.get("name") for one in each.spec.get("versions") or [] if one.get("served")
                    ]
                    found |= {f"{group}/{one}" for one in versions}
                    found |= {f"{group}/{one}/{names.get('kind')}" for one in versions}
        return tuple(sorted(found))


def _copy(tree: Path, stage: Path, path: str) -> None:
    def ignored(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(folder, name) == tree / NOT_READ]

    if (tree / path).is_dir() and not (stage / path).exists():
        shutil.copytree(tree / path, stage / path, symlinks=True, ignore=ignored)
    elif (tree / path).is_file():
        shutil.copy2(tree / path, stage / path)
