"""Applications that ask for what their project does not allow: of a copy of the project `ml`, from a repository of their own."""

from collections.abc import Iterator
from contextlib import contextmanager

import yaml

from pylib.cluster.render import Render
from tests.on_cluster import argocd
from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.repository import BRANCH, Repository
from tests.on_cluster.trial import config_map

PROJECT = "outside"
SERVER = "https://kubernetes.default.svc"

_BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "outside-everything"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
    "subjects": [{"kind": "ServiceAccount", "name": "ml-user", "namespace": "ml"}],
}
_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "outside-namespace"}}
_SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "outside-secret", "namespace": "ml"}}
_APPLICATION = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "outside-application", "namespace": "ml"},
    "spec": {"project": "platform", "destination": {"server": SERVER, "namespace": "argocd"}},
}
# What each application wants to make, by the application's name.
WANTED: dict[str, Body] = {
    "outside-elsewhere": config_map("kube-public", "outside-elsewhere"),
    "outside-binding": _BINDING,
    "outside-namespace": _NAMESPACE,
    "outside-secret": _SECRET,
    "outside-application": _APPLICATION,
    "outside-destination": config_map("kube-public", "outside-destination"),
}


@contextmanager
def applied(kubectl: Kubectl, render: Render, repository: Repository) -> Iterator[None]:
    """All of them at once, so that they are judged at the same time."""
    for name, body in WANTED.items():
        repository.write(f"{name}/object.yaml", yaml.safe_dump(body))
    repository.push("What the project does not allow")
    try:
        kubectl.apply(_project(render, repository), *(_application(name, repository) for name in WANTED))
        yield
    finally:
        for name in WANTED:
            kubectl.delete("applications.argoproj.io", name, argocd.NAMESPACE)
        kubectl.delete("appprojects.argoproj.io", PROJECT, argocd.NAMESPACE)


def _project(render: Render, repository: Repository) -> Body:
    """The project `ml` as rendered, but for the repository."""
    project = next(each for each in render.of("AppProject") if each.name == "ml")
    return {
        "apiVersion": project.api_version,
        "kind": project.kind,
        "metadata": {"name": PROJECT, "namespace": argocd.NAMESPACE},
        "spec": {**project.spec, "sourceRepos": [repository.url]},
    }


def _application(name: str, repository: Repository) -> Body:
    destination = "kube-public" if name == "outside-destination" else "ml"
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": argocd.NAMESPACE},
        "spec": {
            "project": PROJECT,
            "source": {"repoURL": repository.url, "targetRevision": BRANCH, "path": name},
            "destination": {"server": SERVER, "namespace": destination},
            "syncPolicy": {"automated": {}},
        },
    }
