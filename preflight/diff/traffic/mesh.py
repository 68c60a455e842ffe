"""Istio's AuthorizationPolicies: which requests a workload of the mesh takes.

CUSTOM and DENY refuse what they match; then, without any ALLOW, all passes, and with some only what one of
them matches. ALLOW without a rule matches nothing, one empty rule matches everything; AUDIT changes nothing
(https://istio.io/latest/docs/reference/config/security/authorization-policy, 1.29).
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from katib.experiment import value_at
from preflight.diff.traffic.boxes import EVERYTHING, Access, Box
from preflight.diff.traffic.patterns import Except, Pattern, Text, block
from preflight.platform.operators import ISTIO_ROOT
from preflight.render.resources import Body, Resource
from preflight.render.selection import Labels, matches

# In a label's place: what a policy is attached to.
TARGET = "targetRefs"


def selects(policy: Resource, namespace: str, labels: Labels) -> bool:
    """Whether a policy is about the pods of some labels; one in Istio's own namespace is about all.

    One that is attached to a gateway or a Service by `targetRefs` is about that alone.
    """
    if target(policy) or TARGET in labels:
        return policy.namespace == namespace and target(policy) == labels.get(TARGET)
    return policy.namespace in {namespace, ISTIO_ROOT} and matches(policy.spec.get("selector"), labels)


def target(policy: Resource) -> str:
    """What a policy is attached to, `Gateway public`; empty where it selects pods."""
    references = policy.spec.get("targetRefs") or [policy.spec.get("targetRef") or {}]
    return ", ".join(f"{each.get('kind')} {each.get('name')}" for each in references if each)


def access(policies: Iterable[Resource]) -> Access:
    """What all policies that select a workload let through together."""
    about = [(_action(each), each) for each in policies]
    allowing = [each for action, each in about if action == "ALLOW"]
    allowed = tuple(box for each in allowing for box in _boxes(each)) if allowing else (EVERYTHING,)
    denied = tuple(
        (_refusing(action, each), box)
        for action, each in about
        if action in {"DENY", "CUSTOM"}
        for box in _boxes(each)
    )
    return Access(allowed, denied)


def _action(policy: Resource) -> str:
    return str(policy.spec.get("action") or "ALLOW")


def _refusing(action: str, policy: Resource) -> str:
    return action if action == "DENY" else str(value_at(policy.spec, "provider.name"))


def _boxes(policy: Resource) -> Iterator[Box]:
    for rule in policy.spec.get("rules") or []:
        sources = [box for each in rule.get("from") or [{}] for box in _fields(each.get("source") or {})]
        operations = [box for each in rule.get("to") or [{}] for box in _fields(each.get("operation") or {})]
        for source, operation, condition in product(sources, operations, _conditions(rule)):
            yield {**source, **operation, **condition}


def _conditions(rule: Body) -> list[dict[str, Pattern]]:
    """All conditions of a rule must hold, each for one of its values."""
    boxes: list[dict[str, Pattern]] = [{}]
    for each in rule.get("when") or []:
        key = f"when {each.get('key')}"
        told = {key: each.get("values") or [], f"not{key.title()}": each.get("notValues") or []}
        boxes = [{**box, **more} for box in boxes for more in _of_field(key, *told.values())]
    return boxes


def _fields(entry: Body) -> list[dict[str, Pattern]]:
    """The boxes of a source or an operation: one value of each field must match, and none of the excluded."""
    boxes: list[dict[str, Pattern]] = [{}]
    names = {_positive(name) for name in entry}
    for name in sorted(names):
        own = list(entry.get(name) or [])
        excluded = list(entry.get(f"not{name[0].upper()}{name[1:]}") or [])
        boxes = [{**box, **more} for box in boxes for more in _of_field(name, own, excluded)]
    return boxes


def _of_field(name: str, own: list[Any], excluded: list[Any]) -> list[dict[str, Pattern]]:
    if name.lower().endswith("ipblocks"):
        without = [str(each) for each in excluded]
        return [{name: block(str(each), without)} for each in own or ["0.0.0.0/0"]]
    left_out = Except(frozenset(map(str, excluded)))
    if not own:
        return [{name: left_out}] if excluded else [{}]
    found: list[dict[str, Pattern]] = []
    for each in map(Text, map(str, own)):
        plain = not excluded or each.within(left_out)
        found.append({name: each} if plain else {name: each, f"not {name}": left_out})
    return found


def _positive(name: str) -> str:
    return name[3].lower() + name[4:] if name.startswith("not") else name
