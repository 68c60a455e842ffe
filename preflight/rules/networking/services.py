"""Services: each has pods behind it, and they have the ports that it names."""

from collections.abc import Iterator

from preflight.findings import Fault
from preflight.platform.bringing import POD_MAKERS, bringing
from preflight.platform.operators import RUN_TIME_LABELS
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.render.pods import PodTemplate, containers
from preflight.render.resources import Resource
from preflight.render.selection import lacking, selected


@rule("dangling-service", "a Service that selects nothing refuses every connection", of="Service")
def dangling_service(render: Render, resource: Resource) -> Iterator[Fault]:
    """Every Service's selector matches the pods of some workload, or of an operator's."""
    selector = resource.spec.get("selector") or {}
    if selector and not _behind(render, resource) and not RUN_TIME_LABELS & selector.keys():
        labels = ",".join(f"{key}={value}" for key, value in selector.items())
        message = f"no pod of namespace {resource.namespace} is labelled {labels}; fix the selector"
        there = render.pods.get(resource.namespace, [])
        cause = lacking({"matchLabels": selector}, there)
        yield Fault("spec.selector", message, cause, unless=bringing(render, POD_MAKERS, resource.namespace))


@rule(
    "non-existent-target-port",
    "a Service whose port has no target refuses every connection, and looks sound",
    of="Service",
)
def non_existent_target_port(render: Render, resource: Resource) -> Iterator[Fault]:
    """Every port that a Service names as its target is a port of some container behind it."""
    pods = _behind(render, resource)
    names = {
        port.get("name")
        for pod in pods
        for container in containers(pod)
        for port in container.body.get("ports") or []
    }
    for index, port in enumerate(resource.spec.get("ports") or []):
        target = port.get("targetPort")
        if pods and isinstance(target, str) and not target.isdigit() and target not in names:
            message = f"no container behind it has a port called {target}; fix the name"
            yield Fault(
                f"spec.ports[{index}].targetPort",
                message,
                unless=bringing(render, POD_MAKERS, resource.namespace),
            )


def _behind(render: Render, service: Resource) -> list[PodTemplate]:
    selector = service.spec.get("selector")
    pods = render.pods.get(service.namespace, [])
    return selected({"matchLabels": selector}, pods) if selector else []
