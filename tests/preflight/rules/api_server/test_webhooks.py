"""Which webhooks keep themselves from coming back: by their own pods, by each other's, by conditions."""

from collections.abc import Callable

import pytest

from preflight.render.cluster import Render
from tests.preflight.conftest import said

RenderOf = Callable[..., Render]
SERVER = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: %(name)s, namespace: %(name)s}
spec: {template: {metadata: {labels: {app: %(name)s}}, spec: {containers: []}}}
---
apiVersion: v1
kind: Service
metadata: {name: %(name)s, namespace: %(name)s}
spec: {selector: {app: %(name)s}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: %(name)s}
webhooks:
  - name: %(name)s.example.org
    clientConfig: {service: {name: %(name)s, namespace: %(name)s}}
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
    %(more)s
---
"""


def server(name: str, more: str = "") -> str:
    """A server in a namespace of its own name, with its pod webhook."""
    return SERVER % {"name": name, "more": more}


def only(*spaces: str) -> str:
    """A namespaceSelector of these namespaces."""
    names = ", ".join(spaces)
    told = f"{{key: kubernetes.io/metadata.name, operator: In, values: [{names}]}}"
    return f"namespaceSelector: {{matchExpressions: [{told}]}}"


def without(*spaces: str) -> str:
    """A namespaceSelector of all but these namespaces."""
    return only(*spaces).replace("operator: In", "operator: NotIn")


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("", True),
        ("failurePolicy: Fail", True),
        ("failurePolicy: Ignore", False),
        (only("work"), False),
        (only("work", "a"), True),
        (without("a"), True),  # the cluster's own pods are left
        (without("a", "kube-system"), False),
        ("objectSelector: {matchLabels: {app: b}}", False),
        ("objectSelector: {matchLabels: {app: a}}", True),
        ("objectSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}", True),
        ("matchConditions: [{name: c, expression: 'request.userInfo.username != \"a\"'}]", True),
        ('matchConditions: [{name: c, expression: \'!(request.namespace in ["a", "kube-system"])\'}]', False),
        ("matchConditions: [{name: c, expression: 'request.namespace != \"kube-system\"'}]", True),
        ("matchConditions: [{name: c, expression: '\"widgets\" in object.metadata.labels'}]", False),
    ],
)
def test_a_pod_webhook_that_fails_leaves_its_server_and_the_cluster_out(
    render_of: RenderOf, more: str, found: bool
) -> None:
    findings = list(said("webhook-deadlock", render_of(server("a", more))))
    assert [each.field for each in findings] == (["webhooks[0].namespaceSelector"] if found else [])


def test_two_that_wait_for_each_other_are_found(render_of: RenderOf) -> None:
    both = server("a", only("b")) + server("b", only("a"))
    assert [each.object for each in said("webhook-deadlock", render_of(both))] == [
        "MutatingWebhookConfiguration a",
        "MutatingWebhookConfiguration b",
    ]
    chain = server("a", only("b")) + server("b", only("c")) + server("c", only("a"))
    assert len(list(said("webhook-deadlock", render_of(chain)))) == 3
    assert list(said("webhook-deadlock", render_of(server("a", only("b")) + server("b", only("c"))))) == []


def test_who_waits_for_one_that_blocks_itself_is_not_found_for_it(render_of: RenderOf) -> None:
    both = server("a", without("kube-system")) + server("b", only("a"))
    found = said("webhook-deadlock", render_of(both))
    assert [each.object for each in found] == ["MutatingWebhookConfiguration a"]


@pytest.mark.parametrize(
    ("rule", "more", "found"),
    [
        ("[coordination.k8s.io], resources: [leases]", "", True),
        ("[coordination.k8s.io], resources: [leases]", "failurePolicy: Ignore", True),
        ("[coordination.k8s.io], resources: [leases]", "{failurePolicy: Ignore, timeoutSeconds: 2}", False),
        ("[coordination.k8s.io], resources: [leases]", only("work"), False),
        ('["*"], resources: ["*/*"]', only("work"), True),  # a node is in no namespace
        ('["*"], scope: Namespaced, resources: ["*/*"]', only("work"), False),
        ('[""], resources: [nodes/status]', "", True),
        ('[""], resources: [nodes]', "failurePolicy: Ignore", False),
        ('[""], resources: [configmaps]', "", False),
    ],
)
def test_nodes_and_leases_are_left_out(render_of: RenderOf, rule: str, more: str, found: bool) -> None:
    text = server(
        "a", more.strip("{}").replace(", timeout", "\n    timeout") if more.startswith("{") else more
    )
    text = text.replace("[CREATE]", "[UPDATE]").replace(
        '[""], apiVersions: [v1]', "GROUPS, apiVersions: [v1]"
    )
    groups, _, resources = rule.partition(", ")
    text = text.replace("GROUPS", groups).replace("resources: [pods]", resources)
    assert bool(list(said("webhook-blocks-nodes", render_of(text)))) is found
