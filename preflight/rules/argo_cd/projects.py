"""AppProjects: what an application may bring, from where, to where. Argo CD refuses the rest at sync time."""

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from preflight.findings import Faults, Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.render.kinds import definitions, landing, namespace, namespaced
from preflight.render.resources import Body, Resource

ALL = {"*", "**"}
SERVER, IN_CLUSTER = "https://kubernetes.default.svc", "in-cluster"


@rule("non-existent-project", "Argo CD refuses an application whose project is not there")
def non_existent_project(render: Render) -> Problems:
    """Every application's project is an AppProject of the render."""
    projects = _projects(render)
    for resource, spec, field in _specs(render):
        project = str(spec.get("project") or "default")
        if project != "default" and project not in projects:
            message = f"there is no AppProject {project}; there are: {', '.join(sorted(projects)) or 'none'}"
            yield Problem(resource, f"{field}.project", message)


@rule(
    "unrestricted-project",
    "a project that allows everything is no better than project default",
    of="AppProject",
)
def unrestricted_project(resource: Resource) -> Faults:
    """No AppProject allows every repository, every namespace or every cluster-scoped kind."""
    for field in _open(resource.spec):
        yield f"spec.{field}", "it allows everything; list what is needed"


@rule("project-source-not-permitted", "Argo CD refuses a repository that the project does not list")
def project_source_not_permitted(render: Render) -> Problems:
    """Every source of an application is one of its project's repositories."""
    projects = _projects(render)
    for resource, spec, field in _specs(render):
        project = projects.get(str(spec.get("project")))
        allowed = list(map(str, project.spec.get("sourceRepos") or [])) if project else ["**"]
        for at, url in _sources(spec):
            if "{{" not in url and not _permitted(allowed, url):
                message = f"project {spec.get('project')} does not list {url}; add it to its sourceRepos"
                yield Problem(resource, f"{field}.{at}.repoURL", message)


@rule(
    "project-destination-not-permitted",
    "Argo CD refuses an object in a namespace that the project does not list",
)
def project_destination_not_permitted(render: Render) -> Problems:
    """Every object's namespace is one of its project's destinations, and so is every application's own."""
    yield from _elsewhere(render)
    known = definitions(render)
    for resource, project in _judged(render):
        place = namespace(render, resource)
        inside = place and namespaced(resource, known)
        if inside and not _reaches(project, SERVER, IN_CLUSTER, place):
            message = f"project {project.name} does not list namespace {place}; add it to its destinations"
            yield Problem(resource, "metadata.namespace", message, landing(place))


@rule(
    "project-kind-not-permitted",
    "Argo CD refuses a kind that the project does not list, and the whole sync with it",
)
def project_kind_not_permitted(render: Render) -> Problems:
    """Every object's kind is allowed by its project."""
    known = definitions(render)
    for resource, project in _judged(render):
        if not _allowed(project, resource, in_namespace=namespaced(resource, known)):
            group = resource.group or "core"
            message = f"project {project.name} does not allow kind {resource.kind} of group {group}; list it"
            yield Problem(resource, "kind", message)


def _elsewhere(render: Render) -> Problems:
    projects = _projects(render)
    for resource, spec, field in _specs(render):
        project, told = projects.get(str(spec.get("project"))), spec.get("destination") or {}
        server, name, space = (str(told.get(key) or "") for key in ("server", "name", "namespace"))
        if not server and name in {"", IN_CLUSTER}:
            server, name = SERVER, IN_CLUSTER
        name = IN_CLUSTER if server == SERVER else name
        if project and told and "{{" not in str(told) and not _reaches(project, server, name, space):
            where = f"namespace {space or '(none)'} of {server or name}"
            message = f"project {project.name} does not list {where}; add it to its destinations"
            yield Problem(resource, f"{field}.destination", message)


def _reaches(project: Resource, server: str, name: str, space: str) -> bool:
    """Whether a destination is one of a project's; an entry with `!` in front takes one away.

    Source: isDestinationMatched in pkg/apis/application/v1alpha1/app_project_types.go.
    """
    permitted = False
    for entry in project.spec.get("destinations") or []:
        of_server = _hit(entry.get("server"), server) or _hit(entry.get("name"), name)
        of_space = _hit(entry.get("namespace"), space)
        if of_server and of_space:
            permitted = True
        elif (of_server and _denies(entry.get("namespace"))) or (
            of_space and (_denies(entry.get("server")) or _denies(entry.get("name")))
        ):
            return False
    return permitted


def _hit(pattern: object, value: str) -> bool:
    text = str(pattern or "")
    return not fnmatchcase(value, text[1:]) if _denies(pattern) else fnmatchcase(value, text)


def _denies(pattern: object) -> bool:
    return str(pattern or "").startswith("!")


def _permitted(patterns: list[str], url: str) -> bool:
    """Whether sourceRepos cover a repository; an entry with `!` in front takes one away."""
    denied = [pattern[1:] for pattern in patterns if _denies(pattern)]
    return not any(permits(each, url) for each in denied) and any(
        permits(each, url) for each in patterns if not _denies(each)
    )


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
    """The spec of every application, with its field: its own, or that of what a set makes; each once."""
    for resource in render.of("Application"):
        yield resource, resource.spec, "spec"
    for expansion in render.expansions:
        specs = [body.get("spec") or {} for body in expansion.applications]
        template = (expansion.source.spec.get("template") or {}).get("spec") or {}
        if not specs and "{{" not in str(template.get("project")):
            specs = [template]  # it makes nothing yet, and may with the next folder
        for spec in specs:
            yield expansion.source, spec, "spec.template.spec"


def _sources(spec: Body) -> Faults:
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
