"""Pods that break a Pod Security level in one point each, and what the server says against them.

https://kubernetes.io/docs/concepts/security/pod-security-standards
"""

import copy
from dataclasses import dataclass, field
from typing import Any

from tests.on_cluster.kubectl import Body

HARDENED: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@dataclass(frozen=True)
class Breach:
    """One point in which a pod differs from a hardened one.

    level: the laxest level that refuses it
    said: what the server's refusal has in it
    pod, container, security: fields set in the pod's spec, its container and the container's security context
    without: a field left out of that context
    """

    name: str
    level: str
    said: str
    pod: dict[str, Any] = field(default_factory=dict)
    container: dict[str, Any] = field(default_factory=dict)
    security: dict[str, Any] = field(default_factory=dict)
    without: str = ""

    def name_in(self, namespace: str) -> str:
        """The name of such a pod, which tells its namespace too, since a refusal does not."""
        return f"{self.name}-in-{namespace}"

    def make(self, namespace: str) -> Body:
        """A pod of this kind."""
        body = hardened(namespace, self.name_in(namespace))
        body["spec"] |= self.pod
        container = body["spec"]["containers"][0]
        container |= self.container
        container["securityContext"] |= self.security
        container["securityContext"].pop(self.without, None)
        return body


def hardened(namespace: str, name: str) -> Body:
    """A pod that every level takes."""
    resources = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "100m", "memory": "32Mi"}}
    pause = {"name": "pause", "image": "registry.k8s.io/pause:3.10", "resources": resources}
    pod = {"containers": [pause | {"securityContext": copy.deepcopy(HARDENED)}]}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod}


BREACHES = [
    # A privileged container cannot at the same time refuse to escalate.
    Breach(
        "privileged",
        "baseline",
        "privileged (",
        security={"privileged": True},
        without="allowPrivilegeEscalation",
    ),
    Breach("host-network", "baseline", "hostNetwork=true", pod={"hostNetwork": True}),
    Breach("host-pid", "baseline", "hostPID=true", pod={"hostPID": True}),
    Breach(
        "host-path",
        "baseline",
        "hostPath",
        pod={"volumes": [{"name": "root", "hostPath": {"path": "/"}}]},
    ),
    Breach("host-port", "baseline", "hostPort", container={"ports": [{"containerPort": 80, "hostPort": 80}]}),
    Breach(
        "net-admin",
        "baseline",
        "NET_ADMIN",
        security={"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}},
    ),
    Breach("unconfined", "baseline", "seccompProfile", security={"seccompProfile": {"type": "Unconfined"}}),
    Breach("root", "restricted", "runAsUser=0", security={"runAsUser": 0, "runAsNonRoot": False}),
    Breach("perhaps-root", "restricted", "runAsNonRoot != true", without="runAsNonRoot"),
    Breach(
        "escalating", "restricted", "allowPrivilegeEscalation != false", without="allowPrivilegeEscalation"
    ),
    Breach("capable", "restricted", "unrestricted capabilities", without="capabilities"),
    Breach("no-seccomp", "restricted", "seccompProfile", without="seccompProfile"),
]
