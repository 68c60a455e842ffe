"""AppProjects: what an application may bring, from where, to where. Argo CD refuses the rest at sync time."""

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from pylib.cluster.findings import Finding, found, rule
from pylib.cluster.policies.kinds import definitions, landing, namespace, namespaced
from pylib.cluster.render import Render
from pylib.cluster.resources import Body, Resource

ALL = {"*", "**"}


@rule("project-missing", "Argo CD refuses an application whose project is not there")
def project_missing(render: Render) -> Iterator[Finding]:
    """Every application's project is an AppProject of the render."""
    projects = _projects(render)
    for resource, spec, field in _specs(render):
        project = str(spec.get("project") or "default")
        if project != "default" and project not in projects:
            message = f"there is no AppProject {project}; there are: {', '.join(sorted(projects)) or 'none'}"
            yield found("project-missing", resource, f"{field}.project", message)


@rule("project-open", "a project that allows everything is no better than project default")
def project_open(render: Render) -> Iterator[Finding]:
    """No AppProject allows every repository, every namespace or every cluster-scoped kind."""
    for resource in render.of("AppProject"):
        for field in _open(resource.spec):
            yield found(
                "project-open", resource, f"spec.{field}", "it allows everything; list what is needed"
            )


@rule("project-source", "Argo CD refuses a repository that the project does not list")
def project_source(render: Render) -> Iterator[Finding]:
    """Every source of an application is one of its project's repositories."""
    projects = _projects(render)
    for resource, spec, field in _specs(render):
        project = projects.get(str(spec.get("project")))
        allowed = list(map(str, project.spec.get("sourceRepos") or [])) if project else ["**"]
        for at, url in _sources(spec):
            if not any(permits(pattern, url) for pattern in allowed):
                message = f"project {spec.get('project')} does not list {url}; add it to its sourceRepos"
                yield found("project-source", resource, f"{field}.{at}.repoURL", message)


@rule("project-destination", "Argo CD refuses an object in a namespace that the project does not list")
def project_destination(render: Render) -> Iterator[Finding]:
    """Every object's namespace is one of its project's destinations."""
    known = definitions(render)
    for resource, project in _judged(render):
        spaces = [str(each.get("namespace")) for each in project.spec.get("destinations") or []]
        place = namespace(render, resource)
        inside = place and namespaced(resource, known)
        if inside and not any(fnmatchcase(place, pattern) for pattern in spaces):
            message = f"project {project.name} does not list namespace {place}; add it to its destinations"
            yield found("project-destination", resource, "metadata.namespace", message, landing(place))


@rule("project-kind", "Argo CD refuses a kind that the project does not list, and the whole sync with it")
def project_kind(render: Render) -> Iterator[Finding]:
    """Every object's kind is allowed by its project."""
    known = definitions(render)
    for resource, project in _judged(render):
        if not _allowed(project, resource, in_namespace=namespaced(resource, known)):
            group = resource.group or "core"
            message = f"project {project.name} does not allow kind {resource.kind} of group {group}; list it"
            yield found("project-kind", resource, "kind", message)


def _open(spec: Body) -> Iterator[str]:
    for index, repository in enumerate(spec.get("sourceRepos") or []):
        if repository in ALL:
            yield f"sourceRepos[{index}]"
    for index, destination in enumerate(spec.get("destinations") or []):
        if destination.get("namespace") in ALL:
            yield f"destinations[{index}].namespace"
    for index, kind in enumerate(spec.get("clusterResourceWhitelist") or []):
        if kind.get("group") in ALL and kind.get("kind") in ALL:
            yield f"clusterResourceWhitelist[{index}].kind"


def _allowed(project: Resource, resource: Resource, *, in_namespace: bool) -> bool:
    """As Argo CD decides: cluster-scoped kinds must be listed, others unless there is a list."""
    scope = "namespaceResource" if in_namespace else "clusterResource"
    listed = project.spec.get(f"{scope}Whitelist")
    if _in(resource, project.spec.get(f"{scope}Blacklist") or []):
        return False
    return _in(resource, listed) if listed else in_namespace


def _in(resource: Resource, entries: Iterable[Body]) -> bool:
    return any(
        fnmatchcase(resource.group, str(entry.get("group", "")))
        and fnmatchcase(resource.kind, str(entry.get("kind", "")))
        and fnmatchcase(resource.name, str(entry.get("name") or "*"))
        for entry in entries
    )


def _judged(render: Render) -> Iterator[tuple[Resource, Resource]]:
    """Every object with its application's project, where that is there."""
    projects = _projects(render)
    for resource in render.resources:
        project = projects.get(render.applications[resource.application].project)
        if project:
            yield resource, project


def _projects(render: Render) -> dict[str, Resource]:
    return {each.name: each for each in render.of("AppProject")}


def _specs(render: Render) -> Iterator[tuple[Resource, Body, str]]:
    """The spec of every application and of every set's template, with its field."""
    for resource in render.of("Application"):
        yield resource, resource.spec, "spec"
    for resource in render.of("ApplicationSet"):
        yield resource, (resource.spec.get("template") or {}).get("spec") or {}, "spec.template.spec"


def _sources(spec: Body) -> Iterator[tuple[str, str]]:
    if spec.get("source"):
        yield "source", str(spec["source"].get("repoURL"))
    for index, source in enumerate(spec.get("sources") or []):
        yield f"sources[{index}]", str(source.get("repoURL"))


def permits(pattern: str, url: str) -> bool:
    """Whether an entry of sourceRepos covers a repository: a star is one step of its address, two are any.

    As in Argo CD, neither case nor a `.git` at the end matters.
    """
    parts = re.split(r"(\*\*|\*)", _plain(pattern))
    expression = "".join({"*": "[^/]*", "**": ".*"}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(expression, _plain(url)) is not None


def _plain(url: str) -> str:
    return url.lower().removesuffix("/").removesuffix(".git")
