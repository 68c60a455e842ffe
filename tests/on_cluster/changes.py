"""Changes that somebody may push: each edits the repository's folder as a person would."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from tests.on_cluster.platform import CLUSTER
from tests.on_cluster.repository import Repository

NEXT_NAMESPACE = "mlflow-next"


@dataclass(frozen=True)
class Change:
    """A change by its name; `applications` are those that it touches, no other change touches one of them."""

    name: str
    applications: tuple[str, ...]
    make: Callable[[Repository], None]

    def __str__(self) -> str:
        return self.name


def _overlay(repository: Repository, name: str, **additions: list[Any]) -> None:
    """Add entries to lists of an application's overlay."""
    path = f"cluster-conf/{name}/overlays/{CLUSTER}/kustomization.yaml"
    content = yaml.safe_load(repository.read(path))
    for key, entries in additions.items():
        content[key] = [*content.get(key, []), *entries]
    repository.write(path, yaml.safe_dump(content, sort_keys=False))


def _image(repository: Repository) -> None:
    _overlay(repository, "katib", images=[{"name": "mysql", "newTag": "8.0.44"}])


def _selector(repository: Repository) -> None:
    added = {"op": "add", "value": "web"}
    paths = ("/spec/selector/matchLabels/tier", "/spec/template/metadata/labels/tier")
    patch = yaml.safe_dump([{**added, "path": path} for path in paths])
    target = {"kind": "Deployment", "name": "training-operator"}
    _overlay(repository, "training-operator", patches=[{"target": target, "patch": patch}])


def _removal(repository: Repository) -> None:
    repository.remove(f"cluster-conf/tensorboard/overlays/{CLUSTER}")


def _istio(repository: Repository) -> None:
    names = ("install-cni", "pilot", "proxyv2")
    images = [{"name": f"gcr.io/istio-release/{name}", "newTag": "1.30.0"} for name in names]
    _overlay(repository, "istio", images=images)


def _namespace(repository: Repository) -> None:
    repository.replace(
        "cluster-conf/mlflow/base/kustomization.yaml", "namespace: mlflow\n", f"namespace: {NEXT_NAMESPACE}\n"
    )
    path = "cluster-conf/namespaces/base/namespaces.yaml"
    repository.replace(path, "  name: mlflow\n", f"  name: {NEXT_NAMESPACE}\n")
    path = "cluster-conf/namespaces/base/default-deny.yaml"
    repository.replace(path, "  namespace: mlflow\n", f"  namespace: {NEXT_NAMESPACE}\n")
    # Both: Argo CD may remove what is in the old one only as long as the project allows it.
    path, entry = (
        "argocd-apps/base/projects.yaml",
        "    - {server: https://kubernetes.default.svc, namespace: mlflow}\n",
    )
    repository.replace(path, entry, entry + entry.replace("mlflow", NEXT_NAMESPACE))


IMAGE = Change("image", ("katib",), _image)
SELECTOR = Change("selector", ("training-operator",), _selector)
REMOVAL = Change("removed application", ("tensorboard",), _removal)
ISTIO = Change("Istio's next minor version", ("istio",), _istio)
NAMESPACE = Change("renamed namespace", ("mlflow", "namespaces", "root"), _namespace)
CHANGES = (IMAGE, SELECTOR, REMOVAL, ISTIO, NAMESPACE)
