"""Workloads whose parts fit together, so that the API server takes them and their pods start."""

from collections.abc import Iterator

from preflight.findings import Finding, found, rule
from preflight.render.cluster import Render
from preflight.render.pods import Container, containers, dig, pod_templates
from preflight.render.selection import every_pod, matches

SELECTING = ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@rule("selector-mismatch", "a workload that does not select its own pods is refused")
def selector_mismatch(render: Render) -> Iterator[Finding]:
    """A workload's selector matches the labels of its template."""
    for resource in render.of(*SELECTING):
        selector = resource.spec.get("selector") or {}
        for pod in pod_templates(resource):
            if not selector or not matches(selector, pod.labels):
                message = "it does not match the template's labels; make them the same"
                yield found("selector-mismatch", resource, "spec.selector", message)


@rule("mount-missing", "a mount of a volume that the pod does not have is refused")
def mount_missing(render: Render) -> Iterator[Finding]:
    """Every mount names a volume of its pod, or a claim template of its StatefulSet."""
    for pod in every_pod(render):
        templates = pod.resource.spec.get("volumeClaimTemplates") or []
        volumes = {each.get("name") for each in pod.spec.get("volumes") or []}
        volumes |= {dig(each, "metadata.name") for each in templates}
        for container in containers(pod):
            for index, mount in enumerate(container.body.get("volumeMounts") or []):
                if mount.get("name") not in volumes:
                    message = f"the pod has no volume {mount.get('name')}; add it, or fix the name"
                    field = f"{container.field}.volumeMounts[{index}].name"
                    yield found("mount-missing", pod.resource, field, message)


@rule("probe-port-missing", "a probe of a port that is not there kills a sound container again and again")
def probe_port_missing(render: Render) -> Iterator[Finding]:
    """Every port that a probe names is one of its container's."""
    for pod in every_pod(render):
        for container in containers(pod):
            names = {port.get("name") for port in container.body.get("ports") or []}
            for field, port in _probed(container):
                if isinstance(port, str) and not port.isdigit() and port not in names:
                    message = f"container {container.name} has no port called {port}; fix the name"
                    yield found("probe-port-missing", pod.resource, field, message)


def _probed(container: Container) -> Iterator[tuple[str, object]]:
    for probe in PROBES:
        for way in ("httpGet", "tcpSocket"):
            port = dig(container.body, f"{probe}.{way}.port")
            if port is not None:
                yield f"{container.field}.{probe}.{way}.port", port
