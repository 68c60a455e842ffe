"""NetworkPolicies: who may connect to a pod, and where a pod may connect to.

A pod that no policy selects for a direction is open in that direction; one that some select lets through what
any of these does (networking.k8s.io/v1, Kubernetes 1.34).
"""

from collections.abc import Iterable, Iterator
from itertools import product

from preflight.diff.traffic.boxes import EVERYTHING, Access, Box
from preflight.diff.traffic.patterns import Labels, Pattern, Ports, Text, block
from preflight.render.resources import Body, Resource
from preflight.render.selection import Labels as PodLabels
from preflight.render.selection import matches

NAME = "kubernetes.io/metadata.name"
PEERS = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}


def selects(policy: Resource, namespace: str, labels: PodLabels) -> bool:
    """Whether a policy is about the pods of some labels in a namespace."""
    return policy.namespace == namespace and matches(policy.spec.get("podSelector"), labels)


def directions(policy: Resource) -> set[str]:
    """Which of `Ingress` and `Egress` it is about."""
    told = policy.spec.get("policyTypes")
    return set(told) if told else {"Ingress", *(["Egress"] if "egress" in policy.spec else [])}


def access(policies: Iterable[Resource], direction: str) -> Access:
    """What all policies that select a pod let through together."""
    about = [each for each in policies if direction in directions(each)]
    return Access(tuple(box for each in about for box in _boxes(each, direction)) if about else (EVERYTHING,))


def _boxes(policy: Resource, direction: str) -> Iterator[Box]:
    rules, key = PEERS[direction]
    for rule in policy.spec.get(rules) or []:
        peers = [_peer(each, policy.namespace) for each in rule.get(key) or []] or [{}]
        ports: list[Box] = [{"port": _ports(each)} for each in rule.get("ports") or []] or [{}]
        yield from ({**peer, **port} for peer, port in product(peers, ports))


def _peer(peer: Body, namespace: str) -> dict[str, Pattern]:
    if "ipBlock" in peer:
        told = peer["ipBlock"]
        return {"peer": block(str(told["cidr"]), [str(each) for each in told.get("except") or []])}
    own = {"matchLabels": {NAME: namespace}}
    spaces = peer.get("namespaceSelector")
    return {
        "peer": Text("pod"),
        "namespace": requirements(own if spaces is None else spaces),
        "pods": requirements(peer.get("podSelector")),
    }


def requirements(selector: Body | None) -> Labels:
    """A label selector as its requirements."""
    wanted = (selector or {}).get("matchLabels") or {}
    expressions = (selector or {}).get("matchExpressions") or []
    told = {(str(key), "In", frozenset({str(value)})) for key, value in wanted.items()}
    asked = {
        (str(each.get("key")), str(each.get("operator")), frozenset(map(str, each.get("values") or [])))
        for each in expressions
    }
    return Labels(frozenset(told | asked))


def _ports(port: Body) -> Ports:
    first = port.get("port") or 0
    return Ports(str(port.get("protocol") or "TCP"), first, port.get("endPort") or first)
