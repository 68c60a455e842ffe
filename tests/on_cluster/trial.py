"""A small application of no use, installed by a set that treats it as the platform's own set would."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from preflight.render.kustomize import build
from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.repository import BRANCH, Repository, copy_checkout

PROJECT = "trial"
KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - objects.yaml
components:
  - ../../../components/keep
"""


@dataclass(frozen=True)
class Trial:
    """One folder of the repository, its application and its namespace: all of the same name."""

    repository: Repository
    name: str

    @property
    def folder(self) -> str:
        """Where its overlay is."""
        return f"cluster-conf/{self.name}/overlays/local"

    def write(self, *more: Body, greeting: str = "hello", kustomization: str = KUSTOMIZATION) -> None:
        """Its namespace, claim, CRD, ConfigMap and Deployment, and whatever more."""
        objects = [*_objects(self.name, greeting), *more]
        self.repository.write(f"{self.folder}/kustomization.yaml", kustomization)
        self.repository.write(f"{self.folder}/objects.yaml", yaml.safe_dump_all(objects, sort_keys=False))


def install(kubectl: Kubectl, repository: Repository, checkout: Path) -> None:
    """The project and the set of the trials, made of the platform's own, which `checkout` describes."""
    made = list(yaml.safe_load_all(build(checkout / "argocd-apps/overlays/local")))
    project = _one(made, "AppProject", "platform")
    project["spec"]["sourceRepos"] = [repository.url]
    destinations = [{**project["spec"]["destinations"][0], "namespace": each} for each in ("trial*", "none")]
    project["spec"]["destinations"] = destinations
    trials = _one(made, "ApplicationSet", "platform")
    generator = trials["spec"]["generators"][0]["git"]
    generator |= {"repoURL": repository.url, "revision": BRANCH}
    generator["directories"] = [{"path": "cluster-conf/trial*/overlays/local"}]
    source = trials["spec"]["template"]["spec"]["source"]
    source |= {"repoURL": repository.url, "targetRevision": BRANCH}
    trials["spec"]["template"]["spec"]["project"] = PROJECT
    kubectl.apply(project, trials)


def start(repository: Repository, checkout: Path) -> Trial:
    """The first trial, pushed beside what of the checkout it needs."""
    copy_checkout(checkout / "cluster-conf/components", repository.folder / "cluster-conf/components")
    trial = Trial(repository, PROJECT)
    trial.write()
    repository.push("A trial")
    return trial


def _one(objects: list[Body], kind: str, name: str) -> Body:
    found = next(each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name))
    made = copy.deepcopy(found)
    made["metadata"] = {"name": PROJECT, "namespace": "argocd"}
    return made


def config_map(namespace: str, name: str, **data: str) -> Body:
    """A ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def _objects(name: str, greeting: str) -> list[Body]:
    return [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "work", "namespace": name},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
        },
        _definition(name),
        config_map(name, "greeting", text=greeting),
        _deployment(name),
    ]


def _definition(name: str) -> Body:
    plural = name.replace("-", "") + "s"
    names = {
        "kind": plural.title(),
        "listKind": f"{plural.title()}List",
        "plural": plural,
        "singular": plural,
    }
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.trial.example.org"},
        "spec": {"group": "trial.example.org", "names": names, "scope": "Namespaced", "versions": [version]},
    }


def _deployment(name: str) -> Body:
    labels = {"app": "greeter"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "greeter", "namespace": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": _pod_spec()},
        },
    }


def _pod_spec() -> dict[str, Any]:
    hardened = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    resources = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "100m", "memory": "32Mi"}}
    pause = {"name": "pause", "image": "registry.k8s.io/pause:3.10", "resources": resources}
    return {"containers": [pause | {"securityContext": hardened}]}
