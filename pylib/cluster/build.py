"""One application built: its folder by kustomize or its chart by Helm, as objects that know their file."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from pylib.cluster import bases, build_cache, helm, kustomize
from pylib.cluster.applications import Application, Chart
from pylib.cluster.bases import Base, BaseMissingError
from pylib.cluster.helm import HelmMissingError
from pylib.cluster.kustomize import KustomizeMissingError
from pylib.cluster.resources import Origin, Resource
from pylib.errors import ClusterError

KUBERNETES = "1.34.0"
ORIGIN = "config.kubernetes.io/origin"


class _Loader(yaml.CSafeLoader):
    """YAML as Kubernetes reads it: a date is text, and so is `=`, which CRDs have among their enums."""


_Loader.yaml_implicit_resolvers = {
    first: [each for each in found if each[0].rpartition(":")[2] not in {"timestamp", "value"}]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
# `1e-05`, as kustomize writes it, is a number for Kubernetes; PyYAML would want a dot in it.
_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$")
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789"))


# What is missing here, and may be there where Argo CD builds.
UNAVAILABLE = (BaseMissingError, HelmMissingError, KustomizeMissingError)


@dataclass(frozen=True)
class Built:
    """The objects of one application, or why there are none.

    broken: whether nobody can build it, so that it is the repository that is wrong
    """

    application: Application
    resources: tuple[Resource, ...]
    error: str = ""
    broken: bool = False


def folder(stage: Path, application: Application) -> Built:
    """Build an application's folder; `stage` is a copy of the repository that may be changed."""
    # kustomize writes each object's file into it when the outermost kustomization asks for that.
    wrapper = stage / ".render" / application.name
    wrapper.mkdir(parents=True, exist_ok=True)
    target = os.path.relpath(stage / application.path, wrapper)
    (wrapper / "kustomization.yaml").write_text(
        yaml.safe_dump({"resources": [target], "buildMetadata": ["originAnnotations"]})
    )
    try:
        key = build_cache.key(bases.localize(wrapper), stage, kustomize.command())
        pairs = build_cache.load(key)
        if pairs is None:
            pairs = list(_bodies(kustomize.build(wrapper), application, stage, wrapper))
            build_cache.store(key, pairs)
    except ClusterError as error:
        return _unbuilt(stage, application, error)
    return Built(
        application, tuple(Resource(application.name, body, Origin(*origin)) for body, origin in pairs)
    )


def chart(stage: Path, application: Application) -> Built:
    """Build an application's chart."""
    told = application.chart
    base = told and bases.of_repository(told.url, told.path, told.ref)
    if not told or not base:
        return Built(application, (), f"its chart's repository is no URL that ends in OWNER/NAME: {told}")
    try:
        bodies = _chart(stage, application, told, bases.folder(base) / base.path)
    except ClusterError as error:
        return _unbuilt(stage, application, error)
    origin = Origin(f"{base}:{base.path}", upstream=True)
    return Built(application, tuple(Resource(application.name, body, origin) for body in bodies))


def _chart(stage: Path, application: Application, told: Chart, kept: Path) -> list[dict[str, Any]]:
    values = [stage / file for file in told.values]
    command = helm.command(
        kept,
        release=told.release or application.name,
        namespace=application.namespace,
        kubernetes=KUBERNETES,
        skip_tests=told.skip_tests,
    )
    key = build_cache.key([kept, *values], stage, command)
    bodies: list[dict[str, Any]] | None = build_cache.load(key)
    if bodies is None:
        documents = _documents(helm.template(command, values))
        bodies = [_in_namespace(body, application.namespace) for body in documents]
        build_cache.store(key, bodies)
    return bodies


def _unbuilt(stage: Path, application: Application, error: ClusterError) -> Built:
    reason = str(error).replace(f"{stage}/", "")
    return Built(application, (), reason, broken=not isinstance(error, UNAVAILABLE))


def _bodies(
    text: str, application: Application, stage: Path, wrapper: Path
) -> Iterator[tuple[dict[str, Any], tuple[str, bool]]]:
    """Each object without kustomize's annotation, with the file that it names."""
    for body in _documents(text):
        origin = Origin(application.path, upstream=False)
        annotations = body.get("metadata", {}).get("annotations") or {}
        written = yaml.safe_load(annotations.pop(ORIGIN, "")) or {}
        if not annotations:
            body["metadata"].pop("annotations", None)
        path = written.get("path") or written.get("configuredIn")
        if path:
            origin = _origin(Path(os.path.normpath(wrapper / path)), stage, origin)
        yield body, (origin.file, origin.upstream)


def _origin(path: Path, stage: Path, default: Origin) -> Origin:
    if path.is_relative_to(stage):
        return Origin(path.relative_to(stage).as_posix(), upstream=False)
    if path.is_relative_to(bases.cache_root()):
        host, owner, name, ref, *rest = path.relative_to(bases.cache_root()).parts
        base = Base(host, f"{owner}/{name}", "", ref)
        return Origin(f"{base}:{'/'.join(rest)}", upstream=True)
    return replace(default)


def _documents(text: str) -> Iterator[dict[str, Any]]:
    for body in yaml.load_all(text, Loader=_Loader):
        if isinstance(body, dict) and body.get("kind") == "List":
            yield from body.get("items") or []
        elif isinstance(body, dict):
            yield body


def _in_namespace(body: dict[str, Any], namespace: str) -> dict[str, Any]:
    """A chart's namespaced object without a namespace goes to the application's."""
    metadata = body.setdefault("metadata", {})
    if not metadata.get("namespace") and body.get("kind") not in CLUSTER_SCOPED:
        metadata["namespace"] = namespace
    return body


CLUSTER_SCOPED = {
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
}
