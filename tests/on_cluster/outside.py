"""Applications that want what the project `ml` does not allow: of a copy of it, for their own repository."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from preflight.render.cluster import Render
from tests.on_cluster import argocd
from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.repository import BRANCH, Repository
from tests.on_cluster.trial import config_map

PROJECT = "outside"
ARGO = "argoproj.io/v1alpha1"
RBAC = "rbac.authorization.k8s.io"
SERVER = "https://kubernetes.default.svc"


@dataclass(frozen=True)
class Outsider:
    """An application, the one object that it wants to make, and what Argo CD says to that.

    namespace: the application's own destination
    """

    name: str
    wanted: Mapping[str, Any]
    said: str
    namespace: str = "ml"

    def __str__(self) -> str:
        return self.name


OUTSIDERS = [
    Outsider(
        "outside-elsewhere",
        config_map("kube-public", "outside-elsewhere"),
        "namespace kube-public is not permitted",
    ),
    Outsider(
        "outside-destination",
        config_map("kube-public", "outside-destination"),
        "namespace 'kube-public' do not match any of the allowed destinations",
        namespace="kube-public",
    ),
    Outsider(
        "outside-namespace",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "outside-namespace"}},
        "resource :Namespace is not permitted",
    ),
    Outsider(
        "outside-binding",
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "outside-binding"},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": "ml-user", "namespace": "ml"}],
        },
        f"resource {RBAC}:ClusterRoleBinding is not permitted",
    ),
    Outsider(
        "outside-secret",
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "outside-secret", "namespace": "ml"}},
        "resource :Secret is not permitted",
    ),
    Outsider(
        "outside-application",
        {
            "apiVersion": ARGO,
            "kind": "Application",
            "metadata": {"name": "outside-application", "namespace": "ml"},
            "spec": {"project": "platform", "destination": {"server": SERVER, "namespace": "argocd"}},
        },
        "resource argoproj.io:Application is not permitted",
    ),
]


@contextmanager
def applied(kubectl: Kubectl, render: Render, repository: Repository) -> Iterator[None]:
    """All of them at once, so that they are judged at the same time."""
    for each in OUTSIDERS:
        repository.write(f"{each.name}/object.yaml", yaml.safe_dump(each.wanted))
    repository.push("What the project does not allow")
    try:
        kubectl.apply(_project(render, repository), *(_application(each, repository) for each in OUTSIDERS))
        yield
    finally:
        for each in OUTSIDERS:
            kubectl.delete("applications.argoproj.io", each.name, argocd.NAMESPACE)
        kubectl.delete("appprojects.argoproj.io", PROJECT, argocd.NAMESPACE)


def _project(render: Render, repository: Repository) -> Body:
    """The project `ml` as rendered, but for the repository."""
    project = next(each for each in render.of("AppProject") if each.name == "ml")
    return {
        "apiVersion": ARGO,
        "kind": "AppProject",
        "metadata": {"name": PROJECT, "namespace": argocd.NAMESPACE},
        "spec": {**project.spec, "sourceRepos": [repository.url]},
    }


def _application(outsider: Outsider, repository: Repository) -> Body:
    return {
        "apiVersion": ARGO,
        "kind": "Application",
        "metadata": {"name": outsider.name, "namespace": argocd.NAMESPACE},
        "spec": {
            "project": PROJECT,
            "source": {"repoURL": repository.url, "targetRevision": BRANCH, "path": outsider.name},
            "destination": {"server": SERVER, "namespace": outsider.namespace},
            "syncPolicy": {"automated": {}},
        },
    }
