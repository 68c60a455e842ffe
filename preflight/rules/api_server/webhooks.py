"""Webhooks that keep themselves, or the cluster, from coming back.

A webhook with failurePolicy Fail refuses what it looks at while its server is down. Where that is the pods of
its own server, directly or by way of another webhook's, those of the cluster's own namespace, or what nodes
live by, nothing starts any more until somebody removes the webhook by hand: kubeflow/katib#1261, #2018.
https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from katib.experiment import value_at
from preflight.findings import Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render, every_pod
from preflight.render.pods import PodTemplate
from preflight.render.resources import Body, Resource
from preflight.render.selection import Labels, matches, selected

KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
NAME = "kubernetes.io/metadata.name"
SYSTEM = "kube-system"
# What nodes and controllers live by: group, plural, namespace, what stops. A node has no namespace.
VITAL = (
    ("", "nodes", "", "no node can join or say that it is well"),
    ("coordination.k8s.io", "leases", "kube-node-lease", "every node is taken for dead after 40 s"),
    (
        "coordination.k8s.io",
        "leases",
        SYSTEM,
        "the scheduler and the controllers lose their leases, and stop",
    ),
)
# A part of an object that is written by itself, and without which it comes to nothing.
PARTS = {"pods": "binding", "nodes": "status"}
# A lease is renewed within ten seconds, or it is lost: this long a webhook that is asked about it may take.
LEASE_SECONDS = 5
DEFAULT_SECONDS = 10
# Conditions that may leave out a namespace, or some of the objects.
OF_NAMESPACE = re.compile(r"request\.namespace|namespaceObject|object\.metadata\.namespace")
OF_KIND = re.compile(r"request\.(?:resource|kind|requestResource|requestKind)\b")
OF_OBJECT = re.compile(r"(?:object|variables)\.(?!metadata\.namespace)")


@dataclass(frozen=True)
class Webhook:
    """One webhook of a configuration, and the pods that answer for it, as far as they are rendered."""

    resource: Resource
    field: str
    body: Body
    server: tuple[PodTemplate, ...]

    @property
    def fails(self) -> bool:
        """Whether what it does not answer for is refused."""
        return bool(self.body.get("failurePolicy", "Fail") == "Fail")

    @property
    def seconds(self) -> int:
        """How long it is waited for."""
        return int(self.body.get("timeoutSeconds") or DEFAULT_SECONDS)


@rule("webhook-deadlock", "once its server is down nothing starts any more, the server least of all")
def webhook_deadlock(render: Render) -> Problems:
    """No webhook that must be answered is asked about its own server's pods, or the cluster's own."""
    for webhook, told in blocking(render):
        message = f"{told}, with failurePolicy Fail; leave their namespaces out by a namespaceSelector"
        yield Problem(webhook.resource, f"{webhook.field}.namespaceSelector", message)


@rule(
    "webhook-blocks-nodes",
    "what nodes and controllers renew every few seconds waits for a pod that may be down",
)
def webhook_blocks_nodes(render: Render) -> Problems:
    """No webhook is asked about nodes or leases of the cluster's own, where its silence stops them."""
    namespaces = {each.name: each.labels for each in render.of("Namespace")}
    for each in _webhooks(render):
        for group, plural, space, cost in VITAL:
            slow = plural == "leases" and each.seconds > LEASE_SECONDS
            if (each.fails or slow) and _looks_at(
                each, group, plural, space, namespaces.get(space, {}), None
            ):
                why = "with failurePolicy Fail" if each.fails else f"and waits for {each.seconds} s"
                message = f"it looks at {plural} {why}: while its server is down, {cost}; leave {plural} out"
                yield Problem(each.resource, f"{each.field}.rules", message)
                break


def blocking(render: Render) -> Iterator[tuple[Webhook, str]]:
    """The webhooks that keep what serves them from starting, or the cluster, and how."""
    namespaces = {each.name: each.labels for each in render.of("Namespace")}
    every = [each for each in _webhooks(render) if each.fails]
    blocked = {id(each): [other for other in every if _blocks(each, other, namespaces)] for each in every}
    for each in every:
        way = _way_back(each, blocked)
        if way:
            yield each, f"it looks at the pods of {way}"
        elif _looks_at(each, "", "pods", SYSTEM, namespaces.get(SYSTEM, {}), {}):
            yield each, f"it looks at the pods of {SYSTEM}, the cluster's network and DNS among them"


def _way_back(start: Webhook, blocked: dict[int, list[Webhook]]) -> str:
    """The webhooks by way of which one keeps its own server from starting; empty where none does.

    One that blocks itself is found as that, and nobody else is found by way of it.
    """
    if start in blocked[id(start)]:
        return f"its own server, {_server(start)}"
    seen: list[Webhook] = []
    left = list(blocked[id(start)])
    while left:
        each = left.pop()
        if each in seen or each in blocked[id(each)]:
            continue
        if start in blocked[id(each)]:
            return (
                f"{_server(each)}, whose webhook {each.body.get('name')} looks at those of {_server(start)}"
            )
        seen.append(each)
        left += blocked[id(each)]
    return ""


def _server(webhook: Webhook) -> str:
    return str(webhook.server[0].resource)


def _blocks(webhook: Webhook, other: Webhook, namespaces: dict[str, Labels]) -> bool:
    """Whether one is asked when the other's server starts."""
    spaces = [(pod.resource.namespace, pod.labels) for pod in other.server]
    return any(
        _looks_at(webhook, "", "pods", name, namespaces.get(name, {}), labels) for name, labels in spaces
    )


def _looks_at(
    webhook: Webhook, group: str, plural: str, space: str, labels: Labels, object_labels: Labels | None
) -> bool:
    """Whether it is asked about objects of a namespace; with labels, when one that has these is made."""
    operations = {"CREATE"} if object_labels is not None else {"CREATE", "UPDATE"}
    if not any(_covers(each, group, plural, space, operations) for each in webhook.body.get("rules") or []):
        return False
    inside = not space or matches(webhook.body.get("namespaceSelector"), {NAME: space, **labels})
    chosen = matches(webhook.body.get("objectSelector"), object_labels or {})
    return inside and chosen and not any(_leaves_out(each, space, plural) for each in _conditions(webhook))


def _covers(each: Body, group: str, plural: str, space: str, operations: set[str]) -> bool:
    scope, part = each.get("scope") or "*", PARTS.get(plural, "")
    names = {plural, "*", "*/*"} | ({f"{plural}/{part}", f"{plural}/*", f"*/{part}"} if part else set())
    return (
        not {group, "*"}.isdisjoint(each.get("apiGroups") or [])
        and not names.isdisjoint(each.get("resources") or [])
        and not {*operations, "*"}.isdisjoint(each.get("operations") or [])
        and scope in {"*", "Namespaced" if space else "Cluster"}
    )


def _conditions(webhook: Webhook) -> Iterator[str]:
    for each in webhook.body.get("matchConditions") or []:
        yield str(each.get("expression") or "")


def _leaves_out(expression: str, space: str, plural: str) -> bool:
    """Whether a condition may leave something out: it names it, or it looks at the objects themselves.

    One on the user alone leaves nothing out here: pods are made by the cluster's own controllers.
    """
    names = [(OF_NAMESPACE, space), (OF_KIND, plural)]
    named = any(
        pattern.search(expression) and re.search(rf"""(['"]){re.escape(name)}\1""", expression)
        for pattern, name in names
        if name
    )
    return named or bool(OF_OBJECT.search(expression))


def _webhooks(render: Render) -> Iterator[Webhook]:
    services = {(each.namespace, each.name): each for each in render.of("Service")}
    for resource in render.of(*KINDS):
        for index, body in enumerate(resource.body.get("webhooks") or []):
            told = value_at(body, "clientConfig.service") or {}
            service = services.get((str(told.get("namespace")), str(told.get("name"))))
            server = tuple(_behind(render, service)) if service else ()
            yield Webhook(resource, f"webhooks[{index}]", body, server)


def _behind(render: Render, service: Resource) -> list[PodTemplate]:
    selector = service.spec.get("selector")
    pods = [each for each in every_pod(render) if each.resource.namespace == service.namespace]
    return selected({"matchLabels": selector}, pods) if selector else []
