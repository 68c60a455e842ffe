"""Istio's sidecars, as istiod's injector adds them: Istio 1.29, whose proxy is an init container that stays.

What they ask for stands in the injector's ConfigMap, in the render, or in the pod's annotations.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from katib.experiment import value_at
from preflight.admission.made import Made, container
from preflight.render.cluster import Render
from preflight.render.resources import Body
from preflight.render.selection import matches

INJECT = "sidecar.istio.io/inject"
NAMESPACE_NAME = "kubernetes.io/metadata.name"
# What a pod may say of its own proxy: the annotation, and what it is of the proxy's resources.
OWN = {
    "sidecar.istio.io/proxyCPU": ("requests", "cpu"),
    "sidecar.istio.io/proxyMemory": ("requests", "memory"),
    "sidecar.istio.io/proxyCPULimit": ("limits", "cpu"),
    "sidecar.istio.io/proxyMemoryLimit": ("limits", "memory"),
}
SECURITY = {
    "allowPrivilegeEscalation": False,
    "privileged": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 1337,
    "runAsGroup": 1337,
}
# Without the CNI plugin an init container redirects the pod's traffic.
REDIRECTS = {
    "allowPrivilegeEscalation": False,
    "privileged": False,
    "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN", "NET_RAW"]},
    "runAsNonRoot": False,
    "runAsUser": 0,
}


@dataclass(frozen=True)
class Mesh:
    """The injector of a render: its webhooks, its values, and the labels of the namespaces."""

    webhooks: tuple[Body, ...]
    values: Body
    namespaces: dict[str, dict[str, str]]

    def joined(self, made: Made) -> Made:
        """The pod with its sidecar, if it gets one."""
        if not self._injects(made):
            return made
        cni, resources = value_at(self.values, "pilot.cni.enabled"), self._resources(made.annotations)
        seccomp = value_at(self.values, "global.proxy.seccompProfile")
        more = {"seccompProfile": seccomp} if seccomp else {}
        first = ("istio-validation", SECURITY) if cni else ("istio-init", REDIRECTS)
        init = container(first[0], resources, {**first[1], **more})
        proxy = container("istio-proxy", resources, {**SECURITY, **more}, restartPolicy="Always")
        return made.with_added(before=(init, proxy))

    def _injects(self, made: Made) -> bool:
        told = made.pod.labels.get(INJECT, str(made.annotations.get(INJECT, "")))
        labels = {NAMESPACE_NAME: made.namespace, **self.namespaces.get(made.namespace, {})}
        asked = any(
            matches(each.get("namespaceSelector"), labels)
            and matches(each.get("objectSelector"), made.pod.labels)
            for each in self.webhooks
        )
        return asked and told != "false" and not made.pod.spec.get("hostNetwork")

    def _resources(self, annotations: Body) -> Any:
        own: dict[str, dict[str, str]] = {}
        for name, (part, resource) in OWN.items():
            if name in annotations:
                own.setdefault(part, {})[resource] = str(annotations[name])
        return own or value_at(self.values, "global.proxy.resources")


def mesh(render: Render) -> Mesh:
    """The injector of a render; one that injects nothing where there is none."""
    values = [
        json.loads(str(value_at(each.body, "data.values") or "{}"))
        for each in render.of("ConfigMap")
        if each.name == "istio-sidecar-injector"
    ]
    namespaces = {each.name: dict(each.labels) for each in render.of("Namespace")}
    return Mesh(tuple(_webhooks(render)), values[0] if values else {}, namespaces)


def _webhooks(render: Render) -> Iterator[Body]:
    for resource in render.of("MutatingWebhookConfiguration"):
        for each in resource.body.get("webhooks") or []:
            if str(each.get("name", "")).endswith("sidecar-injector.istio.io"):
                yield each
