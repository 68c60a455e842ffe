"""Who may reach whom: what a diff says, against an evaluator that tries every request of a small world."""

import ipaddress
from collections.abc import Callable
from itertools import product
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preflight.diff.compare import compare
from preflight.diff.dangers import Danger, dangers
from preflight.render.cluster import Render
from preflight.render.selection import matches

RenderOf = Callable[..., Render]
Policy = dict[str, Any]

# What is never named in a policy is in the world too: `other` labels, principals, methods, ports, addresses.
SPACES = ("shop", "mesh", "elsewhere")
LABELS: tuple[dict[str, str], ...] = ({"app": "web"}, {"app": "store"}, {"app": "other"})
TARGETS: tuple[dict[str, str], ...] = ({"app": "web"}, {"app": "store"})
PORTS = (("TCP", 80), ("TCP", 443), ("TCP", 9999), ("UDP", 80))
ADDRESSES = ("10.1.2.3", "10.2.0.1", "192.0.2.1")  # within what a block leaves out, within the block, outside
SELECTOR = st.sampled_from([{}, {"matchLabels": {"app": "web"}}, {"matchLabels": {"app": "store"}}])


def name_is(space: str) -> dict[str, Any]:
    return {"matchLabels": {"kubernetes.io/metadata.name": space}}


PEER = st.sampled_from(
    [
        {"podSelector": {}},
        {"podSelector": {"matchLabels": {"app": "web"}}},
        {"namespaceSelector": {}},
        {"namespaceSelector": name_is("mesh")},
        {"namespaceSelector": name_is("mesh"), "podSelector": {"matchLabels": {"app": "store"}}},
        {"namespaceSelector": {"matchExpressions": [{"key": "mesh", "operator": "Exists"}]}},
        {"ipBlock": {"cidr": "10.0.0.0/8"}},
        {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
    ]
)
RULE = st.fixed_dictionaries(
    {},
    optional={
        "from": st.lists(PEER, max_size=2),
        "ports": st.lists(st.sampled_from([{"port": 80}, {"port": 443}, {"protocol": "TCP"}]), max_size=2),
    },
)
NETWORK = st.fixed_dictionaries(
    {"podSelector": SELECTOR, "policyTypes": st.just(["Ingress"]), "ingress": st.lists(RULE, max_size=2)}
)
NAMES = ("one", "two", "three")


def sides(spec: st.SearchStrategy[Policy]) -> st.SearchStrategy[tuple[dict[str, Policy], dict[str, Policy]]]:
    """Policies by name, before and after: some removed, some new, some with other rules."""
    policies = st.dictionaries(st.sampled_from(NAMES), spec, max_size=3)
    return st.tuples(policies, policies)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(both=sides(NETWORK))
def test_connections_open_and_close_as_every_one_of_them_tried(
    render_of: RenderOf, both: tuple[dict[str, Policy], dict[str, Policy]]
) -> None:
    before, after = ({way for way in WORLD if connects(side, *way)} for side in both)
    assert directions(render_of, "NetworkPolicy", "networking.k8s.io/v1", both) == (
        bool(after - before),
        bool(before - after),
    )


def connects(policies: dict[str, Policy], target: int, source: int, port: tuple[str, int]) -> bool:
    """As the API's documentation has it, tried for one connection."""
    about = [each for each in policies.values() if matches(each["podSelector"], TARGETS[target])]
    if not about:
        return True
    return any(
        any(is_from(peer, SOURCES[source]) for peer in rule.get("from") or [None])
        and any(opens(each, *port) for each in rule.get("ports") or [{}])
        for each in about
        for rule in each["ingress"]
    )


def opens(entry: Policy, protocol: str, port: int) -> bool:
    """Whether an entry of `ports` is about it: one without a port is about all of its protocol."""
    return entry == {} or (entry.get("protocol", "TCP") == protocol and entry.get("port", port) == port)


def is_from(peer: Policy | None, source: tuple[Any, ...]) -> bool:
    if peer is None:
        return True
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        if source[0] != "address":
            return False
        address = ipaddress.ip_address(source[1])
        held = [ipaddress.ip_network(each) for each in (block["cidr"], *block.get("except", []))]
        return address in held[0] and not any(address in each for each in held[1:])
    if source[0] == "address":
        return False
    _, space, labels = source
    of_space = {"kubernetes.io/metadata.name": space, **({"mesh": ""} if space == "mesh" else {})}
    spaces = peer.get("namespaceSelector", name_is("shop"))
    return matches(spaces, of_space) and matches(peer.get("podSelector"), labels)


SOURCES = [("pod", *each) for each in product(SPACES, LABELS)] + [("address", each) for each in ADDRESSES]
WORLD = [
    (target, source, port)
    for target in range(len(TARGETS))
    for source in range(len(SOURCES))
    for port in PORTS
]


PRINCIPALS, METHODS = ("a/sa/one", "a/sa/two", "b/sa/other"), ("GET", "POST", "PUT")
SOURCE = st.sampled_from(
    [
        {"principals": ["a/sa/one"]},
        {"principals": ["a/sa/*"]},
        {"principals": ["*"]},
        {"principals": ["a/sa/two"]},
    ]
)
AUTHORIZATION = st.fixed_dictionaries(
    {"action": st.sampled_from(["ALLOW", "DENY", "AUDIT"]), "selector": SELECTOR},
    optional={
        "rules": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "from": SOURCE.map(lambda source: [{"source": source}]),
                    "to": st.sampled_from(METHODS[:2]).map(lambda each: [{"operation": {"methods": [each]}}]),
                },
            ),
            max_size=2,
        )
    },
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(both=sides(AUTHORIZATION))
def test_requests_open_and_close_as_every_one_of_them_tried(
    render_of: RenderOf, both: tuple[dict[str, Policy], dict[str, Policy]]
) -> None:
    world = list(product(range(len(TARGETS)), (*PRINCIPALS, ""), METHODS))
    before, after = ({way for way in world if passes(side, *way)} for side in both)
    assert directions(render_of, "AuthorizationPolicy", "security.istio.io/v1", both) == (
        bool(after - before),
        bool(before - after),
    )


def passes(policies: dict[str, Policy], target: int, principal: str, method: str) -> bool:
    """As Istio's documentation has it, tried for one request."""
    about = [each for each in policies.values() if matches(each["selector"], TARGETS[target])]

    def matched(action: str) -> list[bool]:
        rules = [each.get("rules", []) for each in about if each["action"] == action]
        return [any(meets(rule, principal, method) for rule in each) for each in rules]

    allowing = matched("ALLOW")
    return not any(matched("DENY")) and (not allowing or any(allowing))


def meets(rule: Policy, principal: str, method: str) -> bool:
    wanted = [each for entry in rule.get("from", []) for each in entry["source"]["principals"]]
    methods = [each for entry in rule.get("to", []) for each in entry["operation"]["methods"]]
    known = not wanted or any(
        principal == each or (each.endswith("*") and principal and principal.startswith(each[:-1]))
        for each in wanted
    )
    return bool(known) and (not methods or method in methods)


def directions(
    render_of: RenderOf, kind: str, version: str, both: tuple[dict[str, Policy], dict[str, Policy]]
) -> tuple[bool, bool]:
    """Whether a diff tells that something opens, and that something closes."""
    told = {each.outcome.value for each in told_of(render_of, kind, version, both)}
    return "opened" in told, "closed" in told


def told_of(
    render_of: RenderOf, kind: str, version: str, both: tuple[dict[str, Policy], dict[str, Policy]]
) -> list[Danger]:
    return dangers(compare(*(render_of(world(kind, version, side)) for side in both)))


def world(kind: str, version: str, policies: dict[str, Policy]) -> str:
    bodies = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": labels["app"], "namespace": "shop", "labels": labels},
            "spec": {"containers": [{"name": "main", "image": "example.org/a:1"}]},
        }
        for labels in TARGETS
    ]
    bodies += [
        {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec}
        for name, spec in policies.items()
    ]
    return yaml.safe_dump_all(bodies)


PLATFORM_ONLY = {"action": "ALLOW", "rules": [{"from": [{"source": {"principals": ["a/sa/one"]}}]}]}


def test_the_last_allow_policy_that_goes_opens_and_another_one_closes(render_of: RenderOf) -> None:
    kind, version = "AuthorizationPolicy", "security.istio.io/v1"
    two = {
        "one": PLATFORM_ONLY,
        "two": {"action": "ALLOW", "rules": [{"to": [{"operation": {"methods": ["GET"]}}]}]},
    }
    [closed] = told_of(render_of, kind, version, (two, {"one": PLATFORM_ONLY}))
    assert (closed.outcome, closed.object) == ("closed", "AuthorizationPolicy shop/two")
    assert "no longer methods GET" in closed.message
    [opened] = told_of(render_of, kind, version, ({"one": PLATFORM_ONLY}, {}))
    assert (opened.id, opened.outcome) == ("guard-removed", "opened")
    assert opened.message.endswith("Pod shop/web, Pod shop/store: anybody")


def test_a_policy_that_an_external_authorizer_decides(render_of: RenderOf) -> None:
    custom = {"one": {"action": "CUSTOM", "provider": {"name": "login"}, "rules": [{}]}}
    for both, outcome in (((custom, {}), "opened"), (({}, custom), "closed")):
        found = told_of(render_of, "AuthorizationPolicy", "security.istio.io/v1", both)
        assert {each.outcome.value for each in found} == {outcome}


def test_a_pod_that_its_policy_no_longer_selects_is_open(render_of: RenderOf) -> None:
    policies = {"one": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]}}
    before = world("NetworkPolicy", "networking.k8s.io/v1", policies)
    after = before.replace("labels:\n    app: web", "labels:\n    app: site")
    assert after != before
    found = [
        each for each in dangers(compare(render_of(before), render_of(after))) if each.id == "access-opened"
    ]
    assert [each.object for each in found] == ["Pod shop/web"]


def test_what_goes_out_has_its_direction_too(render_of: RenderOf) -> None:
    policies = {
        "one": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": {}}]}]}
    }
    both = ({}, policies)
    [closed] = told_of(render_of, "NetworkPolicy", "networking.k8s.io/v1", both)
    assert closed.message.startswith("less can be reached by Pod shop/web, Pod shop/store: no longer anybody")
