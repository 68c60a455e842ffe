"""Workloads whose parts fit together, so that the API server takes them and their pods start."""

from collections.abc import Iterator

from katib.experiment import value_at
from preflight.findings import Faults
from preflight.registry import rule
from preflight.render.cluster import every_container, every_pod
from preflight.render.pods import Container, PodTemplate, containers, pod_templates
from preflight.render.resources import Resource
from preflight.render.selection import matches

SELECTING = ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@rule("mismatching-selector", "a workload that does not select its own pods is refused", of=SELECTING)
def mismatching_selector(resource: Resource) -> Faults:
    """A workload's selector matches the labels of its template."""
    selector = resource.spec.get("selector") or {}
    for pod in pod_templates(resource):
        if not selector or not matches(selector, pod.labels):
            message = "it does not match the template's labels; make them the same"
            yield "spec.selector", message


@rule("non-existent-volume", "a mount of a volume that the pod does not have is refused", of=every_pod)
def non_existent_volume(pod: PodTemplate) -> Faults:
    """Every mount names a volume of its pod, or a claim template of its StatefulSet."""
    templates = pod.resource.spec.get("volumeClaimTemplates") or []
    volumes = {each.get("name") for each in pod.spec.get("volumes") or []}
    volumes |= {value_at(each, "metadata.name") for each in templates}
    for container in containers(pod):
        for index, mount in enumerate(container.body.get("volumeMounts") or []):
            if mount.get("name") not in volumes:
                message = f"the pod has no volume {mount.get('name')}; add it, or fix the name"
                field = f"{container.field}.volumeMounts[{index}].name"
                yield field, message


@rule(
    "non-existent-probe-port",
    "a probe of a port that is not there kills a sound container again and again",
    of=every_container,
)
def non_existent_probe_port(container: Container) -> Faults:
    """Every port that a probe names is one of its container's."""
    names = {port.get("name") for port in container.body.get("ports") or []}
    for field, port in _probed(container):
        if isinstance(port, str) and not port.isdigit() and port not in names:
            message = f"container {container.name} has no port called {port}; fix the name"
            yield field, message


def _probed(container: Container) -> Iterator[tuple[str, object]]:
    for probe in PROBES:
        for way in ("httpGet", "tcpSocket"):
            port = value_at(container.body, f"{probe}.{way}.port")
            if port is not None:
                yield f"{container.field}.{probe}.{way}.port", port
