"""What pylib's accounts may do on a cluster: exactly what pylib does, as recorded from its own calls.

In multi-user mode Kubeflow Pipelines asks the cluster, for every request, whether the caller may do it: a
SubjectAccessReview of a verb on a resource of pipelines.kubeflow.org (kubeflow/pipelines 2.16.1,
backend/src/apiserver/server). Retraining speaks with the API server too. tests/preflight/rules/security
records the calls.
"""

import re
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from preflight.errors import ConfigurationError
from preflight.findings import Problem, Problems
from preflight.platform import grants
from preflight.platform.bringing import bringing
from preflight.platform.grants import Access
from preflight.registry import rule
from preflight.render.cluster import Render

FILE = "cluster-conf/ml-user/access.yaml"
GROUP = "pipelines.kubeflow.org"
# The resource that stands for each collection of the API; only one has another name.
RESOURCES = {"experiments": "experiments", "pipelines": "pipelines", "recurringruns": "jobs", "runs": "runs"}
ROUTE = re.compile(r"/apis/v2beta1/(?P<collection>\w+)(?:/(?P<rest>[^:?]+))?(?::(?P<action>\w+))?(?:\?.*)?")
OPEN = {"healthz"}
# A request of a namespaced kind of the API server, and the verb that RBAC has for it.
OBJECT = re.compile(
    r"/apis/(?P<group>[^/]+)/\w+/namespaces/[^/]+/(?P<resource>\w+)(?:/(?P<name>[^/?]+))?(?:\?.*)?"
)
VERBS = {"GET": "get", "POST": "create", "PUT": "update"}
# What may grant an account something, in its own namespace and in all.
NAMESPACED, CLUSTER_WIDE = ("Role", "RoleBinding"), ("ClusterRole", "ClusterRoleBinding")


class Account(BaseModel):
    """A service account."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    namespace: str
    name: str


class Recorded(BaseModel):
    """Who pylib is on a cluster, and the verbs that its calls need, by resource.

    A resource is written as kubectl has it, `leases.coordination.k8s.io/NAME`; without a group it is one of
    Kubeflow Pipelines'.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: Account
    needed: dict[str, list[str]]

    @property
    def access(self) -> set[Access]:
        """Group, resource and verb of all that is needed."""
        return {
            (group or GROUP, f"{resource} {name}".rstrip(), verb)
            for key, verbs in self.needed.items()
            for of_kind, _, name in [key.partition("/")]
            for resource, _, group in [of_kind.partition(".")]
            for verb in verbs
        }


def asked(method: str, path: str) -> Access | None:
    """What Kubeflow Pipelines asks the cluster for a request; None where it asks nothing.

    Raises ConfigurationError for a request that is not in its API of version 2.
    """
    match = ROUTE.fullmatch(path)
    if not match or match["collection"] not in {*RESOURCES, *OPEN}:
        raise ConfigurationError(f"{method} {path}: not of Kubeflow Pipelines' API v2beta1")
    if match["collection"] in OPEN:
        return None
    listed = not match["rest"] or match["rest"].endswith("/versions")
    verb = {"POST": match["action"] or "create", "DELETE": "delete", "GET": "list" if listed else "get"}[
        method
    ]
    return (GROUP, RESOURCES[match["collection"]], verb)


def asked_of_server(method: str, path: str) -> Access:
    """What the API server asks RBAC for a request on a namespaced object.

    Raises ConfigurationError for another request.
    """
    match = OBJECT.fullmatch(path)
    if not match or method not in VERBS:
        raise ConfigurationError(f"{method} {path}: not a request of pylib's on a namespaced object")
    named = match["name"] or ""
    return (match["group"], f"{match['resource']} {named}".rstrip(), VERBS[method])


def records(tree: Path) -> list[Recorded]:
    """The records of a checkout, one an account, where their applications have them."""
    files = sorted(tree.glob("cluster-conf/*/access.yaml"))
    return [record for file in files if (record := recorded(tree, file.relative_to(tree).as_posix()))]


def recorded(tree: Path, name: str = FILE) -> Recorded | None:
    """The record of a checkout; None where there is none."""
    file = tree / name
    if not file.is_file():
        return None
    try:
        return Recorded.model_validate(yaml.safe_load(file.read_text()))
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"{name}: {' '.join(str(error).split())[:300]}") from error


@rule("missing-permissions", "a call that its account may not make fails on the cluster, and only there")
def missing_permissions(render: Render) -> Problems:
    """The account that pylib is on a cluster may do all that pylib's calls need."""
    of_account = {(each.account.namespace, each.account.name): each for each in records(render.tree)}
    for resource in render.of("ServiceAccount"):
        if record := of_account.get((resource.namespace, resource.name)):
            granted = {each.access for each in grants.of(render, resource.namespace, resource.name)}
            by = [*bringing(render, NAMESPACED, resource.namespace), *bringing(render, CLUSTER_WIDE)]
            for group, kind, verb in sorted(record.access - _covered(granted, record.access)):
                message = f"pylib needs {verb} of {kind} in {group}; add it to the account's Role"
                cause = f"{resource} is not granted what pylib's calls need"
                yield Problem(resource, "metadata.name", message, cause, unless=by)


@rule("excessive-permissions", "what an account may do and never does is there for who breaks into its pods")
def excessive_permissions(render: Render) -> Problems:
    """The accounts may do nothing else."""
    for record in records(render.tree):
        yield from _excess(render, record)


def _covered(granted: set[Access], needed: set[Access]) -> set[Access]:
    """What is granted, and what of the needed a grant without a name covers."""
    return granted | {each for each in needed if (each[0], each[1].partition(" ")[0], each[2]) in granted}


def _excess(render: Render, record: Recorded) -> Problems:
    namespace, name = record.account.namespace, record.account.name
    for grant in grants.of(render, namespace, name):
        if grant.access not in record.access:
            group, kind, verb = grant.access
            message = f"no call of pylib needs {verb} of {kind} in {group or 'the core group'}; remove it"
            yield Problem(grant.role, grant.field, message)
    for binding in grants.bindings(render, namespace, name):
        if not grants.roles(render, binding):
            message = "no application brings that role, so nobody can say what it grants; bind a Role"
            yield Problem(binding, "roleRef.name", message, unless=grants.bringing_role(render, binding))
