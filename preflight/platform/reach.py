"""What an application that could not be rendered may have brought, as far as its project and its files say.

Its project's lists are a limit: Argo CD refuses the rest. A chart is taken to write into its destination. A
folder is read as it stands, its upstream bases too where they are in the cache: no build is needed to know
which kinds its files hold, and which namespace a kustomization puts them all into.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from weakref import WeakKeyDictionary

from preflight.render.applications import ROOT, Application
from preflight.render.cluster import Render, Unchecked
from preflight.render.contents import DEFINITION, MAKING_NAMESPACES, Contents, of_application, of_folder
from preflight.schemas import tables

CLUSTER_LISTS, NAMESPACE_LISTS = "clusterResourceWhitelist", "namespaceResourceWhitelist"


@dataclass(frozen=True)
class Reach:
    """The limits of one application.

    title: as people find it, `crds/prometheus-operator-crds` for a chart in the folder of `crds`
    project: the spec of its AppProject; None where it is not known, so that nothing limits it
    """

    application: str
    title: str
    reason: str
    project: dict[str, Any] | None
    contents: Contents

    def may_bring(self, kind: str, namespace: str = "") -> bool:
        """Whether an object of the kind may come from it, in a namespace or, without one, in none."""
        if not self.contents.may_hold(kind, namespace):
            return False
        if self.project is None:
            return True
        listed = self.project.get(NAMESPACE_LISTS if namespace else CLUSTER_LISTS)
        kinds = [str(each.get("kind")) for each in listed or ([{"kind": "*"}] if namespace else [])]
        return any(fnmatchcase(kind, each) for each in kinds) and self._may_write_into(namespace)

    def may_bring_anywhere(self, kind: str) -> bool:
        """Whether an object of a namespaced kind may come from it, wherever it lives."""
        spaces = self.contents.namespaces
        if spaces is None:
            spaces = frozenset(str(each.get("namespace")) for each in self._destinations())
        return self.project is None or any(self.may_bring(kind, space) for space in spaces if space)

    def may_make_namespace(self, name: str) -> bool:
        """Whether a namespace may come from it."""
        return any(map(self.may_bring, MAKING_NAMESPACES)) and self.may_write_into(name)

    def may_write_into(self, namespace: str) -> bool:
        """Whether it may bring anything at all into a namespace."""
        return self.contents.may_write_into(namespace) and self._may_write_into(namespace)

    def may_define(self, source: str) -> bool:
        """Whether a CRD of a known source, `OWNER/NAME`, may come from it; any, where that is not known."""
        known = self.contents.repositories
        return self.may_bring(DEFINITION) and (known is None or not source or source in known)

    def _may_write_into(self, namespace: str) -> bool:
        if self.project is None or not namespace:
            return True
        return any(fnmatchcase(namespace, str(each.get("namespace"))) for each in self._destinations())

    def _destinations(self) -> list[dict[str, Any]]:
        return list((self.project or {}).get("destinations") or [])


_REACHES: WeakKeyDictionary[Render, list[Reach]] = WeakKeyDictionary()


def reaches(render: Render) -> list[Reach]:
    """That of everything which could not be rendered; found out once."""
    if render not in _REACHES:
        _REACHES[render] = [_reach(render, each) for each in render.unchecked]
    return _REACHES[render]


def source_of(render: Render, group: str, kind: str) -> str:
    """The repository, `OWNER/NAME`, of the CRD that a kind's schema table was made of; empty without one.

    Katib's CRDs have no schema: their tables are of a package, which says nothing of who brings them.
    """
    for each, version in tables.known(render.tree / tables.FOLDER, group):
        if each == kind:
            table = tables.load(render.tree / tables.FOLDER, group, kind, version) or {}
            source = str(table.get("$comment", "")).removeprefix("from ").partition("@")[0]
            return source if "/" in source else ""
    return ""


def _reach(render: Render, missing: Unchecked) -> Reach:
    application = render.applications.get(missing.application)
    if application is None or application.name == ROOT:
        return Reach(missing.application, missing.application, missing.reason, None, Contents())
    projects = {each.name: dict(each.spec) for each in render.of("AppProject")}
    contents = of_application(application) if application.chart else of_folder(render.tree, application)
    project = projects.get(application.project)
    return Reach(application.name, _title(application), missing.reason, project, contents)


def _title(application: Application) -> str:
    return f"{application.parent}/{application.name}" if application.parent else application.name
