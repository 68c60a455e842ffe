"""What Git says of a cluster as far as all of it is ours, and its namespaces and profile where they lack."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import yaml

from preflight.render import kustomize
from preflight.render.cluster import Render
from preflight.render.resources import Origin, Resource
from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.proposals import as_list
from tests.on_cluster.waiting import require, until

FOUNDATIONS = ("namespaces", "ml-user")
OWN = ("retrain", "notebook", "mlflow", "pachyderm")  # with pods of ours, as have the models
# Kinds that every cluster knows; the Profile and the PodDefaults, which it may not, are of no concern here.
GROUPS = {"", "networking.k8s.io", "rbac.authorization.k8s.io"}


@cache
def ours(checkout: Path, cluster: str) -> Render:
    """What Argo CD is told and the applications without any upstream, built in a second or two."""
    folders = {each: f"cluster-conf/{each}/overlays/{cluster}" for each in (*FOUNDATIONS, *OWN)}
    folders["model-segmentation"] = f"cluster-conf/models/segmentation/overlays/{cluster}"
    folders["root"] = f"argocd-apps/overlays/{cluster}"
    resources = [
        Resource(application, body, Origin(folder, upstream=False))
        for application, folder in folders.items()
        for body in yaml.safe_load_all(kustomize.build(checkout / folder))
    ]
    return Render(cluster, checkout, {}, resources)


@contextmanager
def present(kubectl: Kubectl, render: Render) -> Iterator[None]:
    """Make of the namespaces and the profile what is not there; afterwards remove that, and nothing else."""
    wanted = _wanted(render)
    there = _there(kubectl, wanted)
    made = [each for each in wanted if each.key not in there]
    # Secrets make the namespaces that they need, bare; what labels `ml` may not be tried here.
    bare = [each for each in wanted if each.kind == "Namespace" and each not in made and _bare(kubectl, each)]
    try:
        if made or bare:
            kubectl.apply(*(each.body for each in (*bare, *made)))
        until(60, "the namespaces are ready for pods", lambda: _require_ready(kubectl, wanted))
        yield
    finally:
        if made:
            # Whoever comes next may make them again, which a namespace that is still going would prevent.
            arguments = ("--filename=-", "--ignore-not-found", "--wait=true")
            kubectl.run("delete", *arguments, text=as_list(each.body for each in made), timeout=180)


def _bare(kubectl: Kubectl, namespace: Resource) -> bool:
    live = kubectl.get("namespace", namespace.name, "")
    return not set(namespace.labels) <= set(live["metadata"].get("labels", {}))


def _wanted(render: Render) -> list[Resource]:
    """Both applications' objects, and the accounts that our own pods name; namespaces first."""
    wanted = [
        each
        for each in render.resources
        if (each.application in FOUNDATIONS and each.group in GROUPS) or each.kind == "ServiceAccount"
    ]
    return sorted(wanted, key=lambda each: each.kind != "Namespace")


def _there(kubectl: Kubectl, wanted: Iterable[Resource]) -> set[tuple[str, str, str, str]]:
    asked = as_list(each.body for each in wanted)
    text = kubectl.run("get", "--filename=-", "--ignore-not-found", "--output=json", text=asked)
    found: Body = json.loads(text) if text.strip() else {"kind": "List", "items": []}
    bodies = found["items"] if found["kind"] == "List" else [found]
    return {Resource("", body, next(iter(wanted)).origin).key for body in bodies}


def _require_ready(kubectl: Kubectl, wanted: Iterable[Resource]) -> None:
    """A pod needs its namespace's default account, and a quota whose use has been counted."""
    accounts = kubectl.list("serviceaccounts")
    ready = {each["metadata"]["namespace"] for each in accounts if each["metadata"]["name"] == "default"}
    lacking = {each.name for each in wanted if each.kind == "Namespace"} - ready
    require(not lacking, f"no account `default` in {', '.join(sorted(lacking))}")
    for quota in (each for each in wanted if each.kind == "ResourceQuota"):
        status = kubectl.get("resourcequota", quota.name, quota.namespace).get("status") or {}
        require(status.get("used"), f"{quota} is not counted")
