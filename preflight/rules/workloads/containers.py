"""What a container of ours says of its needs and of its health."""

from collections.abc import Iterator

from preflight.findings import Finding, found, rule
from preflight.render.cluster import Render
from preflight.render.pods import BATCH, Container, containers, dig
from preflight.render.selection import every_pod


def ours(render: Render) -> Iterator[Container]:
    """Every container, init containers included, of a workload that this repository writes."""
    for pod in every_pod(render):
        if not pod.resource.origin.upstream:
            yield from containers(pod)


@rule("resources-missing", "without requests the scheduler guesses; without limits one pod starves its node")
def resources_missing(render: Render) -> Iterator[Finding]:
    """Requests and limits of CPU and memory."""
    for container in ours(render):
        for path in ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory"):
            if dig(container.body, f"resources.{path}") is None:
                field = f"{container.field}.resources.{path}"
                message = f"container {container.name} has none; give it a value as measured"
                yield found("resources-missing", container.pod.resource, field, message)


@rule("probe-missing", "without probes requests go to pods that cannot answer yet, and hung ones stay")
def probe_missing(render: Render) -> Iterator[Finding]:
    """Readiness and liveness of what runs for ever."""
    for container in ours(render):
        sidecar = container.body.get("restartPolicy") == "Always"
        ends = container.pod.resource.kind in BATCH or (container.init and not sidecar)
        for probe in () if ends else ("readinessProbe", "livenessProbe"):
            if not container.body.get(probe):
                message = f"container {container.name} has none; ask what only a sound one answers"
                field = f"{container.field}.{probe}"
                yield found("probe-missing", container.pod.resource, field, message)
