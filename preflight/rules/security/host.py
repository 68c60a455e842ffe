"""What reaches out of a container into its node, whoever wrote it."""

from preflight.findings import Faults, Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render, every_container, every_pod
from preflight.render.pods import Container, PodTemplate, containers


@rule(
    "privileged-container",
    "a privileged container is root on its node, with all of its devices",
    of=every_container,
)
def privileged_container(container: Container) -> Faults:
    """No privileged container."""
    if (container.body.get("securityContext") or {}).get("privileged"):
        field = f"{container.field}.securityContext.privileged"
        message = f"container {container.name} is privileged; name the capability that it needs"
        yield field, message


@rule("host-path", "a path of the node is other pods' data, and differs from node to node")
def host_path(render: Render) -> Problems:
    """No volume of the node's own files."""
    for pod in every_pod(render):
        for index, volume in enumerate(pod.spec.get("volumes") or []):
            if "hostPath" in volume:
                path = (volume["hostPath"] or {}).get("path")
                message = f"volume {volume.get('name')} is the node's {path}; use an emptyDir or a claim"
                yield Problem(pod.resource, f"{pod.field}.volumes[{index}].hostPath", message)
    for resource in render.of("PersistentVolume"):
        if "hostPath" in resource.spec:
            message = "the volume is a path of one node; use a storage class"
            yield Problem(resource, "spec.hostPath", message)


@rule("host-namespace", "the node's network and processes are behind every network policy", of=every_pod)
def host_namespace(pod: PodTemplate) -> Faults:
    """None of the node's namespaces, none of its ports."""
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(key):
            message = "the pod shares it with its node; remove it"
            yield f"{pod.field}.{key}", message
    for container in containers(pod):
        for index, port in enumerate(container.body.get("ports") or []):
            if port.get("hostPort") and not pod.spec.get("hostNetwork"):
                field = f"{container.field}.ports[{index}].hostPort"
                message = f"port {port['hostPort']} is opened on the node; use a Service"
                yield field, message
