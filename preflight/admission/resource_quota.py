"""ResourceQuotas: what a pod or a claim counts as, which quotas look at it, and what they refuse."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from katib.experiment import value_at
from preflight.admission.amounts import Amounts, added, amounts, plain
from preflight.admission.requirements import Given, PodAsked, Refusal
from preflight.render.resources import Body, Resource

ONE = Decimal(1)
# A quota of one of these refuses each container that does not state it.
MUST_BE_STATED = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
OF_PODS = {
    *MUST_BE_STATED,
    *("ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage"),
    *("pods", "count/pods"),
}
OF_CLASS = ".storageclass.storage.k8s.io/"


def of_pod(pod: PodAsked) -> Amounts:
    """What a pod counts as."""
    both = (pod.total("requests"), pod.total("limits"))
    return {"pods": ONE, "count/pods": ONE, **_counted(*both)}


def of_claim(spec: Body) -> Amounts:
    """What a PersistentVolumeClaim counts as, beside its class's own share."""
    usage = {"persistentvolumeclaims": ONE, "count/persistentvolumeclaims": ONE}
    usage |= {"requests.storage": amounts(value_at(spec, "resources.requests")).get("storage", Decimal(0))}
    of_class = str(spec.get("storageClassName") or "")
    shares = {f"{of_class}{OF_CLASS}{name}": value for name, value in usage.items() if "/" not in name}
    return usage | shares if of_class else usage


def of_service(spec: Body) -> Amounts:
    """What a Service counts as: a load balancer takes node ports as well, unless it is told not to."""
    ports, kind = spec.get("ports") or [], spec.get("type")
    usage = {"services": ONE, "count/services": ONE}
    if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
        usage["services.nodeports"] = Decimal(sum("nodePort" in port for port in ports))
    elif kind in {"LoadBalancer", "NodePort"}:
        usage["services.nodeports"] = Decimal(len(ports))
    if kind == "LoadBalancer":
        usage["services.loadbalancers"] = ONE
    return usage


def hard(quota: Resource) -> Amounts:
    """What there is."""
    return amounts(quota.spec.get("hard"))


def looks_at_pods(name: str) -> bool:
    """Whether a quota of that name is about pods."""
    device = name.startswith("requests.") and "/" in name and "kubernetes.io/" not in name
    return name in OF_PODS or device or name.startswith(("hugepages-", "requests.hugepages-"))


def counts(quota: Resource, spec: Body, pod: PodAsked) -> bool:
    """Whether a quota looks at a pod: its scopes all match."""
    if not any(map(looks_at_pods, hard(quota))):
        return False
    scopes = [{"scopeName": name, "operator": "Exists"} for name in quota.spec.get("scopes") or []]
    scopes += value_at(quota.spec, "scopeSelector.matchExpressions") or []
    return all(_matches(scope, spec, pod) for scope in scopes)


def unstated(quota: Resource, pod: PodAsked) -> Iterator[Refusal]:
    """What each container must state for this quota, and does not."""
    if pod.whole:
        return
    for name in (name for name in hard(quota) if name in MUST_BE_STATED):
        for each in pod.containers:
            if name not in _counted(each.requests, each.limits):
                part = name if "." in name else f"requests.{name}"
                yield Refusal(each.name, part, f"no {part}", Given(quota, f"spec.hard.{name}"))


def exceeded(quota: Resource, usage: Amounts) -> Iterator[str]:
    """What is more than there is, by itself; what is not asked for is never refused."""
    for name, most in hard(quota).items():
        if usage.get(name, Decimal(0)) > max(most, Decimal(0)):
            yield f"{plain(usage[name], name)} of {name}, of which there is {plain(most, name)}"


def _counted(requests: Amounts, limits: Amounts) -> Amounts:
    usage: Amounts = {}
    for name, value in requests.items():
        if name in {"cpu", "memory", "ephemeral-storage"} or name.startswith("hugepages-"):
            usage |= {name: value, f"requests.{name}": value}
        elif "/" in name and "kubernetes.io/" not in name:
            usage[f"requests.{name}"] = value
    known = ("cpu", "memory", "ephemeral-storage")
    return usage | {f"limits.{name}": limits[name] for name in known if name in limits}


def _matches(scope: Body, spec: Body, pod: PodAsked) -> bool:
    name = scope.get("scopeName")
    if name == "PriorityClass":
        return _of_class(scope, str(spec.get("priorityClassName") or ""))
    ends = spec.get("activeDeadlineSeconds") is not None
    scopes = {"Terminating": ends, "NotTerminating": not ends}
    scopes |= {"BestEffort": _best_effort(pod), "NotBestEffort": not _best_effort(pod)}
    return scopes.get(str(name), name == "CrossNamespacePodAffinity" and any(_elsewhere(spec)))


def _best_effort(pod: PodAsked) -> bool:
    every = [pod.whole] if pod.whole else [{"r": each.requests, "l": each.limits} for each in pod.containers]
    told = added(*(part for each in every for part in each.values()))
    return not any(told.get(name) for name in ("cpu", "memory"))


def _of_class(scope: Body, name: str) -> bool:
    values = scope.get("values") or []
    match scope.get("operator"):
        case "In":
            return bool(name) and name in values
        case "NotIn":
            return name not in values
        case "DoesNotExist":
            return not name
        case _:
            return bool(name)


def _elsewhere(spec: Body) -> Iterator[Any]:
    for kind in ("podAffinity", "podAntiAffinity"):
        told = value_at(spec, f"affinity.{kind}") or {}
        terms = list(told.get("requiredDuringSchedulingIgnoredDuringExecution") or [])
        preferred = told.get("preferredDuringSchedulingIgnoredDuringExecution") or []
        terms += [each.get("podAffinityTerm") or {} for each in preferred]
        yield from (term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms)
