"""What reaches out of a container into its node, whoever wrote it."""

from collections.abc import Iterator

from preflight.findings import Finding, found, rule
from preflight.render.cluster import Render
from preflight.render.pods import containers
from preflight.render.selection import every_pod


@rule("privileged", "a privileged container is root on its node, with all of its devices")
def privileged(render: Render) -> Iterator[Finding]:
    """No privileged container."""
    for pod in every_pod(render):
        for container in containers(pod):
            if (container.body.get("securityContext") or {}).get("privileged"):
                field = f"{container.field}.securityContext.privileged"
                message = f"container {container.name} is privileged; name the capability that it needs"
                yield found("privileged", pod.resource, field, message)


@rule("host-path", "a path of the node is other pods' data, and differs from node to node")
def host_path(render: Render) -> Iterator[Finding]:
    """No volume of the node's own files."""
    for pod in every_pod(render):
        for index, volume in enumerate(pod.spec.get("volumes") or []):
            if "hostPath" in volume:
                path = (volume["hostPath"] or {}).get("path")
                message = f"volume {volume.get('name')} is the node's {path}; use an emptyDir or a claim"
                yield found("host-path", pod.resource, f"{pod.field}.volumes[{index}].hostPath", message)
    for resource in render.of("PersistentVolume"):
        if "hostPath" in resource.spec:
            message = "the volume is a path of one node; use a storage class"
            yield found("host-path", resource, "spec.hostPath", message)


@rule("host-namespace", "the node's network and processes are behind every network policy")
def host_namespace(render: Render) -> Iterator[Finding]:
    """None of the node's namespaces, none of its ports."""
    for pod in every_pod(render):
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.spec.get(key):
                message = "the pod shares it with its node; remove it"
                yield found("host-namespace", pod.resource, f"{pod.field}.{key}", message)
        for container in containers(pod):
            for index, port in enumerate(container.body.get("ports") or []):
                if port.get("hostPort") and not pod.spec.get("hostNetwork"):
                    field = f"{container.field}.ports[{index}].hostPort"
                    message = f"port {port['hostPort']} is opened on the node; use a Service"
                    yield found("host-namespace", pod.resource, field, message)
