"""What the API server checks of Services, Ingresses and NetworkPolicies beyond their schema."""

from collections import Counter
from ipaddress import ip_network
from typing import Any

from preflight.findings import Faults
from preflight.registry import schema_rule
from preflight.render.resources import Resource
from preflight.schemas.dns import LABEL, LONGEST_LABEL, LONGEST_PORT, PORT, labels, named

HIGHEST_PORT = 65535
CORE, NETWORKING = "", "networking.k8s.io"


@schema_rule("schema-service", "a Service without usable ports is refused", of="Service")
def services(resource: Resource) -> Faults:
    """Ports are there, in range, and have names of their own where there are several."""
    yield from _service(resource) if resource.group == CORE else ()


@schema_rule("schema-ingress", "an Ingress whose path or backend cannot be read is refused", of="Ingress")
def ingresses(resource: Resource) -> Faults:
    """Paths begin with a slash, and a backend is one Service with one port."""
    for at, entry in enumerate(resource.spec.get("rules") or []):
        for index, told in enumerate((entry.get("http") or {}).get("paths") or []):
            yield from _path(told, f"spec.rules[{at}].http.paths[{index}]")


@schema_rule(
    "schema-network-policy", "a NetworkPolicy that names its peers in two ways is refused", of="NetworkPolicy"
)
def network_policies(resource: Resource) -> Faults:
    """Peers are blocks of addresses or selectors, and blocks are CIDRs."""
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for at, entry in enumerate(resource.spec.get(direction) or []):
            yield from _entry(entry, f"spec.{direction}[{at}]", peers)


def _entry(entry: Any, field: str, peers: str) -> Faults:
    for index, port in enumerate(entry.get("ports") or []):
        yield from _numbered(f"{field}.ports[{index}].port", port.get("port"))
    for index, peer in enumerate(entry.get(peers) or []):
        yield from _peer(peer, f"{field}.{peers}[{index}]")


def _service(resource: Resource) -> Faults:
    spec = resource.spec
    ports = spec.get("ports") or []
    if spec.get("type") == "ExternalName":
        if not spec.get("externalName"):
            yield "spec.externalName", "a Service of type ExternalName needs one"
    elif not ports and spec.get("clusterIP") != "None":
        yield "spec.ports", "it has no port; write at least one"
    if spec.get("clusterIP") == "None" and spec.get("type") in {"NodePort", "LoadBalancer"}:
        yield "spec.clusterIP", f"a headless Service cannot be a {spec['type']}; remove one of both"
    yield from labels(spec.get("selector") or {}, "spec.selector")
    names: Counter[str] = Counter()
    for index, port in enumerate(ports):
        yield from _port(port, f"spec.ports[{index}]", many=len(ports) > 1)
        names[str(port.get("name") or "")] += 1
        if port.get("name") and names[str(port["name"])] > 1:
            yield f"spec.ports[{index}].name", f"port {port['name']} stands here twice; rename one"


def _port(port: Any, field: str, *, many: bool) -> Faults:
    if many and not port.get("name"):
        yield f"{field}.name", "with several ports each needs a name; give it one"
    yield from named(f"{field}.name", port.get("name"), LABEL, LONGEST_LABEL)
    for key in ("port", "targetPort"):
        yield from _numbered(f"{field}.{key}", port.get(key))


def _numbered(field: str, port: Any) -> Faults:
    """A port is a number, or the name of one."""
    if isinstance(port, int) and not 0 < port <= HIGHEST_PORT:
        yield field, f"{port} is no port; they go from 1 to {HIGHEST_PORT}"
    elif isinstance(port, str):
        yield from named(field, port, PORT, LONGEST_PORT)


def _path(told: Any, field: str) -> Faults:
    path, kind = told.get("path") or "", told.get("pathType")
    if not path.startswith("/") and (path or kind != "ImplementationSpecific"):
        yield f"{field}.path", f"{path or 'an empty path'} does not begin with a slash; write /{path}"
    backend = told.get("backend") or {}
    if (backend.get("service") is None) == (backend.get("resource") is None):
        yield f"{field}.backend", "it needs either a service or a resource"
    port = (backend.get("service") or {}).get("port")
    if backend.get("service") and not (port or {}).get("name") and not (port or {}).get("number"):
        yield f"{field}.backend.service.port", "it needs a name or a number"


def _peer(peer: Any, field: str) -> Faults:
    block = peer.get("ipBlock")
    if block is None and "podSelector" not in peer and "namespaceSelector" not in peer:
        yield field, "it names nobody; write podSelector, namespaceSelector or ipBlock"
    if block is not None and ("podSelector" in peer or "namespaceSelector" in peer):
        yield field, "it has ipBlock and a selector; write two peers"
    for cidr in [(block or {}).get("cidr"), *((block or {}).get("except") or [])] if block else ():
        try:
            ip_network(str(cidr))
        except ValueError as error:
            yield f"{field}.ipBlock", f"{error}; write such as 10.0.0.0/8"
