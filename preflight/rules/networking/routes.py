"""Routes and webhooks that lead somewhere."""

from collections.abc import Iterator
from typing import Any

from katib.experiment import value_at
from preflight.findings import Problem, Problems
from preflight.platform.bringing import POD_MAKERS, SERVICE_MAKERS, bringing, bringing_anywhere
from preflight.platform.operators import Name, ServicePorts, services
from preflight.registry import rule
from preflight.render.cluster import Render, every_pod
from preflight.render.resources import Body, Resource
from preflight.render.selection import selected

Services = dict[Name, ServicePorts]
CLUSTER = ".svc.cluster.local"
NO_PORT = ServicePorts({}, {})


@rule("dangling-route", "a route to what is not there is an error 503 that only the user sees")
def dangling_route(render: Render) -> Problems:
    """Every route of an Ingress or VirtualService leads to a Service's port."""
    known = services(render)
    for resource in render.of("Ingress"):
        by = bringing(render, SERVICE_MAKERS, resource.namespace)
        for field, backend in _backends(resource):
            for each in _ingress(known, resource, field, backend):
                yield each._replace(unless=by if each.field.endswith(".name") else ())
    entries = {host for entry in render.of("ServiceEntry") for host in entry.spec.get("hosts") or []}
    for resource in render.of("VirtualService"):
        for field, destination in _destinations(resource):
            host = str(destination.get("host"))
            namespace, _ = _service(host, resource.namespace)
            by = bringing(render, SERVICE_MAKERS, namespace) + bringing_anywhere(render, ["ServiceEntry"])
            for each in _destination(known, resource, field, destination) if host not in entries else ():
                yield each._replace(unless=by if each.field.endswith(".host") else ())


@rule("dangling-gateway", "without its gateway nothing from outside reaches a route")
def dangling_gateway(render: Render) -> Problems:
    """Every gateway that a VirtualService names is there, and pods serve it."""
    gateways = {f"{each.namespace}/{each.name}" for each in _gateways(render)} | {"mesh"}
    for resource in render.of("VirtualService"):
        for index, name in enumerate(resource.spec.get("gateways") or []):
            full = name if "/" in name or name == "mesh" else f"{resource.namespace}/{name}"
            if full not in gateways:
                message = f"there is no Gateway {full}; fix the name, or write its namespace before it"
                yield Problem(
                    resource,
                    f"spec.gateways[{index}]",
                    message,
                    unless=bringing(render, ["Gateway"], full.partition("/")[0]),
                )
    for resource in _gateways(render):
        message = _served(render, resource)
        if message:
            yield Problem(
                resource, "spec.selector", message, unless=bringing_anywhere(render, (*POD_MAKERS, "Service"))
            )


@rule("dangling-webhook", "a webhook whose server is not there refuses every object it should look at")
def dangling_webhook(render: Render) -> Problems:
    """The Service of every webhook, conversion and aggregated API is there."""
    known = services(render)
    for resource, field, service in _called(render):
        key = (str(service.get("namespace")), str(service.get("name")))
        if service and key not in known:
            message = f"there is no Service {'/'.join(key)}; the API server would wait for it in vain"
            yield Problem(
                resource, field, message, _no_service(*key), unless=bringing(render, ["Service"], key[0])
            )


def _served(render: Render, gateway: Resource) -> str:
    """Why nothing reaches a gateway; empty where something does."""
    pods = selected({"matchLabels": gateway.spec.get("selector")}, every_pod(render))
    if not pods:
        return "no pod has these labels, so nothing serves it; fix the selector"
    reached = any(
        pod.resource.namespace == service.namespace
        for service in render.of("Service")
        if service.spec.get("selector")
        for pod in selected({"matchLabels": service.spec["selector"]}, pods)
    )
    return "" if reached else "no Service leads to its pods, so nobody reaches it; add one"


def _gateways(render: Render) -> Iterator[Resource]:
    """Istio's: the Gateway API has a kind of that name too."""
    return (each for each in render.of("Gateway") if each.group == "networking.istio.io")


def _backends(resource: Resource) -> Iterator[tuple[str, Body]]:
    default = value_at(resource.spec, "defaultBackend.service")
    if default:
        yield "spec.defaultBackend.service", default
    for at, each in enumerate(resource.spec.get("rules") or []):
        for index, path in enumerate(value_at(each, "http.paths") or []):
            service = value_at(path, "backend.service")
            if service:
                yield f"spec.rules[{at}].http.paths[{index}].backend.service", service


def _ingress(known: Services, resource: Resource, field: str, backend: Body) -> Problems:
    name = str(backend.get("name"))
    ports = known.get((resource.namespace, name))
    port = backend.get("port") or {}
    if ports is None:
        message = f"there is no Service {resource.namespace}/{name}; fix the name"
        yield Problem(resource, f"{field}.name", message, _no_service(resource.namespace, name))
    elif port.get("number") not in ports.names and port.get("name") not in ports.names.values():
        message = f"Service {name} has no port {port.get('number') or port.get('name')}; {_has(ports)}"
        yield Problem(resource, f"{field}.port", message)


def _destinations(resource: Resource) -> Iterator[tuple[str, Body]]:
    for kind in ("http", "tls", "tcp"):
        for at, each in enumerate(resource.spec.get(kind) or []):
            for index, route in enumerate(each.get("route") or []):
                yield f"spec.{kind}[{at}].route[{index}].destination", route.get("destination") or {}
            if each.get("mirror"):
                yield f"spec.{kind}[{at}].mirror", each["mirror"]


def _destination(known: Services, resource: Resource, field: str, destination: Body) -> Problems:
    namespace, name = _service(str(destination.get("host")), resource.namespace)
    ports = known.get((namespace, name))
    number = value_at(destination, "port.number")
    if ports is None:
        message = f"there is no Service {namespace}/{name}; fix the host, name.namespace{CLUSTER}"
        yield Problem(resource, f"{field}.host", message, _no_service(namespace, name))
    elif number is None and len(ports.names) > 1:
        message = f"Service {name} has several ports and none is named; {_has(ports)}"
        yield Problem(resource, f"{field}.port", message)
    elif number is not None and number not in ports.names:
        message = f"Service {name} has no port {number}; {_has(ports)}"
        yield Problem(resource, f"{field}.port.number", message)


def _service(host: str, namespace: str) -> Name:
    """The Service of a host, as Istio reads it: a short name is one of the route's own namespace."""
    name, _, rest = host.removesuffix(CLUSTER).removesuffix(".svc").partition(".")
    return (rest or namespace, name)


def _no_service(namespace: str, name: str) -> str:
    return f"there is no Service {namespace}/{name}"


def _has(ports: ServicePorts) -> str:
    return f"it has {', '.join(map(str, sorted(ports.names)))}"


def _called(render: Render) -> Iterator[tuple[Resource, str, Any]]:
    """The Services that the API server calls, with where each is named."""
    for resource in render.of("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        for index, webhook in enumerate(resource.body.get("webhooks") or []):
            field = f"webhooks[{index}].clientConfig.service"
            yield resource, field, value_at(webhook, "clientConfig.service") or {}
    for resource in render.of("CustomResourceDefinition"):
        field = "spec.conversion.webhook.clientConfig.service"
        yield resource, field, value_at(resource.body, field) or {}
    for resource in render.of("APIService"):
        yield resource, "spec.service", resource.spec.get("service") or {}
