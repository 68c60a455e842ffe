"""What pylib's accounts need on a cluster, as recorded from its own calls, and what a call asks of it.

In multi-user mode Kubeflow Pipelines asks the cluster, for every request, whether the caller may do it: a
SubjectAccessReview of a verb on a resource of pipelines.kubeflow.org (kubeflow/pipelines 2.16.1,
backend/src/apiserver/server). Retraining speaks with the API server too. tests/preflight/platform
records the calls.
"""

import re
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from preflight.errors import ConfigurationError
from preflight.platform.grants import Access

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
VERBS = {"DELETE": "delete", "GET": "get", "POST": "create", "PUT": "update"}


class Account(BaseModel):
    """A service account."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    namespace: str
    name: str


class Recorded(BaseModel):
    """Who pylib is on a cluster, and the verbs that its calls need, by resource, in a namespace.

    A resource is written as kubectl has it, `leases.coordination.k8s.io/NAME`; without a group it is one of
    Kubeflow Pipelines'.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: Account
    namespace: str = ""  # the account's own, where none is named
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
    verb = "watch" if "watch=true" in path else VERBS[method]
    return (match["group"], f"{match['resource']} {named}".rstrip(), verb)


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
        return Recorded.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"{name}: {' '.join(str(error).split())[:300]}") from error
