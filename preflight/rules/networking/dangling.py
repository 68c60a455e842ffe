"""Autoscalers, budgets, monitors and policies that have something to act on."""

from collections.abc import Iterator

from katib.experiment import value_at
from preflight.findings import Fault, Problem, Problems
from preflight.platform.bringing import POD_MAKERS, SERVICE_MAKERS, bringing, bringing_anywhere
from preflight.platform.operators import ISTIO_ROOT, RUN_TIME_LABELS, deployments, services
from preflight.platform.reach import Reach
from preflight.registry import rule
from preflight.render.cluster import Render, every_pod
from preflight.render.resources import Body, Resource
from preflight.render.selection import keys, lacking, matches

# Where each kind keeps the selector of the pods that it is about.
SELECTORS = {
    "PodDisruptionBudget": "spec.selector",
    "NetworkPolicy": "spec.podSelector",
    "AuthorizationPolicy": "spec.selector",
    "RequestAuthentication": "spec.selector",
    "PeerAuthentication": "spec.selector",
    "EnvoyFilter": "spec.workloadSelector",
    "Sidecar": "spec.workloadSelector",
    "Telemetry": "spec.selector",
    "PodMonitor": "spec.selector",
}


@rule(
    "dangling-selector",
    "a policy, budget or monitor of nothing protects nothing, and nobody notices",
    of=SELECTORS,
)
def dangling_selector(render: Render, resource: Resource) -> Iterator[Fault]:
    """Every selector matches the pods of some workload, or of an operator's."""
    selector = _selector(resource)
    known = not keys(selector) or keys(selector) & RUN_TIME_LABELS
    if not known and not _matched(render, resource, selector):
        message = "no pod there has these labels; fix the selector, or remove the object"
        spaces = None if _everywhere(resource) else _spaces(resource)
        there = [pod for space in spaces or render.pods for pod in render.pods.get(space, [])]
        cause = lacking(selector, there)
        yield Fault(SELECTORS[resource.kind], message, cause, unless=_by(render, POD_MAKERS, spaces))


@rule("dangling-horizontalpodautoscaler", "an autoscaler without its target leaves the load to one pod")
def dangling_horizontalpodautoscaler(render: Render) -> Problems:
    """Every HorizontalPodAutoscaler's target is in the render, or made by an operator of it."""
    names = {(each.kind, each.namespace, each.name) for each in render.resources}
    names |= {("Deployment", *name) for name in deployments(render)}
    for resource in render.of("HorizontalPodAutoscaler"):
        target = resource.spec.get("scaleTargetRef") or {}
        kind, name = target.get("kind"), target.get("name")
        if (kind, resource.namespace, name) not in names:
            message = f"there is no {kind} {resource.namespace}/{name}; fix the name"
            yield Problem(
                resource,
                "spec.scaleTargetRef",
                message,
                unless=bringing(render, [str(kind), *POD_MAKERS], resource.namespace),
            )


@rule(
    "dangling-servicemonitor",
    "a monitor that finds no port to ask shows an empty graph on the day it is needed",
)
def dangling_servicemonitor(render: Render) -> Problems:
    """Every ServiceMonitor selects a Service, and that has the ports it asks."""
    known = services(render)
    for resource in render.of("ServiceMonitor"):
        spaces, anywhere = _spaces(resource), value_at(resource.spec, "namespaceSelector.any")
        by = _by(render, SERVICE_MAKERS, None if anywhere else spaces)
        chosen = [
            ports
            for (namespace, _), ports in known.items()
            if (anywhere or namespace in spaces) and matches(resource.spec.get("selector"), ports.labels)
        ]
        if not chosen:
            message = "no Service there has these labels; fix the selector"
            yield Problem(resource, "spec.selector", message, unless=by)
        names = {name for ports in chosen for name in ports.names.values()}
        for index, endpoint in enumerate(resource.spec.get("endpoints") or []):
            if chosen and endpoint.get("port") and endpoint["port"] not in names:
                message = f"no port of its Services is called {endpoint['port']}; fix the name"
                yield Problem(resource, f"spec.endpoints[{index}].port", message, unless=by)


def _spaces(resource: Resource) -> list[str]:
    return value_at(resource.spec, "namespaceSelector.matchNames") or [resource.namespace]


def _by(render: Render, kinds: tuple[str, ...], spaces: list[str] | None) -> list[Reach]:
    """Which applications, not rendered, may bring one of the kinds there; anywhere, where spaces is None."""
    if spaces is None:
        return bringing_anywhere(render, kinds)
    return [each for space in spaces for each in bringing(render, kinds, space)]


def _selector(resource: Resource) -> Body:
    selector: Body = value_at(resource.body, SELECTORS[resource.kind]) or {}
    # Istio's workloadSelector is a plain map of labels.
    return {"matchLabels": selector["labels"]} if "labels" in selector else selector


def _everywhere(resource: Resource) -> bool:
    return "istio.io" in resource.group and resource.namespace == ISTIO_ROOT


def _matched(render: Render, resource: Resource, selector: Body) -> bool:
    everywhere, spaces = _everywhere(resource), _spaces(resource)
    return any(
        matches(selector, pod.labels)
        for pod in every_pod(render)
        if everywhere or pod.resource.namespace in spaces
    )
