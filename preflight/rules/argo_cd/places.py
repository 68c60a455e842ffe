"""Where things live: in a namespace and a project of their own, never in `default`."""

from preflight.findings import Faults, Problem, Problems
from preflight.platform.reach import reaches
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.render.kinds import definitions, landing, namespace, namespaced
from preflight.render.resources import Resource

SYSTEM = {"default", "kube-system", "kube-public", "kube-node-lease"}


@rule("default-namespace", "`default` has no policy, no quota and no owner; what lands there is an accident")
def default_namespace(render: Render) -> Problems:
    """No object in `default`, neither written nor for want of a namespace."""
    known = definitions(render)
    for resource in render.resources:
        if namespaced(resource, known) and namespace(render, resource) in {"", "default"}:
            message = "it would land in namespace default; write its own"
            cause = landing(namespace(render, resource))
            yield Problem(resource, "metadata.namespace", message, cause)


@rule(
    "non-existent-namespace",
    "an object whose namespace is not there is refused, and holds up its application",
)
def non_existent_namespace(render: Render) -> Problems:
    """Every namespace that an object names is made by an application, or by its Profile."""
    made = {each.name for each in render.of("Namespace", "Profile")} | SYSTEM | {""}
    known = definitions(render)
    for resource in render.resources:
        application = render.applications[resource.application]
        created = "CreateNamespace=true" in application.sync_options and application.namespace
        place = namespace(render, resource) if namespaced(resource, known) else resource.namespace
        if place not in {*made, created}:
            message = f"nothing makes namespace {place}; write another, or add it to cluster-conf/namespaces"
            yield Problem(
                resource,
                "metadata.namespace",
                message,
                landing(place),
                unless=(e for e in reaches(render) if e.may_make_namespace(place)),
            )


@rule(
    "default-project",
    "project default allows every repository, every cluster and every kind",
    of=("Application", "ApplicationSet"),
)
def default_project(resource: Resource) -> Faults:
    """No application of project `default`, neither written nor for want of a project."""
    of_set = resource.kind == "ApplicationSet"
    body = (resource.spec.get("template") or {}) if of_set else resource.body
    if (body.get("spec") or {}).get("project") in {None, "", "default"}:
        field = "spec.template.spec.project" if of_set else "spec.project"
        yield field, "it is in project default; name platform or ml"
