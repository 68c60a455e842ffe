"""Quotas: what asks for more than there is: the workload is taken, and its pods are refused."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from preflight.admission.amounts import Amounts, added, plain, times
from preflight.admission.limit_range import fill_in
from preflight.admission.made import Made, Run, every_pod
from preflight.admission.requirements import asked
from preflight.admission.resource_quota import counts, exceeded, hard, of_claim, of_pod, of_service
from preflight.admission.workloads import claims, runs, standing
from preflight.findings import Faults, Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.render.kinds import definitions
from preflight.render.resources import Resource

# Kinds that may be counted by their plural's name alone; every kind may by `count/PLURAL.GROUP`.
OLD_NAMES = ("configmaps", "secrets", "services", "replicationcontrollers", "resourcequotas")
# Their pods and volumes are counted as what they ask for.
COUNTED_AS_ASKED = ("Pod", "PersistentVolumeClaim", "Service")
Share = tuple[str, Amounts]


@rule("quota-exceeded", "the workload is taken, its pods are refused, and it never comes up")
def quota_exceeded(render: Render) -> Problems:
    """No pod, claim or Service asks for more than all that its namespace may have."""
    for quota in render.of("ResourceQuota"):
        namespace = _Namespace(render, quota)
        for made in every_pod(namespace.standing, namespace.runs):
            yield from _above(quota, made.pod.resource, made.pod.field, namespace.cost(made), made.what)
        for claim in namespace.claims:
            yield from _above(quota, claim.resource, claim.field, of_claim(claim.spec))
        for service in namespace.services:
            yield from _above(quota, service, "spec.type", of_service(service.spec))


@rule(
    "quota-overcommitted",
    "when all is up and the largest run begins, its pods are refused one by one",
    of="ResourceQuota",
)
def quota_overcommitted(render: Render, quota: Resource) -> Faults:
    """All that stands, while it rolls, and the largest of the runs fit into the quota together."""
    namespace = _Namespace(render, quota)
    for name, most in hard(quota).items():
        shares = [(who, usage.get(name, Decimal(0))) for who, usage in namespace.shares(name)]
        total = sum((amount for _, amount in shares), Decimal(0))
        if total > most and not namespace.alone_above(name, most):
            told = " + ".join(f"{who} {plain(amount, name)}" for who, amount in shares if amount)
            sum_of_all = f"{told} = {plain(total, name)}, and there is {plain(most, name)}"
            message = f"{sum_of_all}; raise it, or ask for less"
            yield f"spec.hard.{name}", message


class _Namespace:
    """What a quota looks at, and what each of it counts as."""

    def __init__(self, render: Render, quota: Resource) -> None:
        space = quota.namespace
        self.quota = quota
        self.ranges = [each for each in render.of("LimitRange") if each.namespace == space]
        self.standing = [each for each in standing(render) if each.namespace == space]
        self.runs = [each for each in runs(render) if each.namespace == space]
        self.claims = [each for each in claims(render) if each.namespace == space]
        self.services = [each for each in render.of("Service") if each.namespace == space]
        self.objects = [each for each in render.resources if each.namespace == space]
        self.plurals = {
            key: str((each.spec.get("names") or {}).get("plural"))
            for key, each in definitions(render).items()
        }

    def cost(self, made: Made) -> Amounts:
        """What a pod counts as for this quota, with the defaults of the limit ranges."""
        pod = fill_in(self.ranges, asked(made.spec))
        return of_pod(pod) if counts(self.quota, made.spec, pod) else {}

    def shares(self, name: str) -> Iterator[Share]:
        """Who takes what of a resource: all that stands, and the run that takes the most of it."""
        for made in self.standing:
            yield _times(made.name, made.most, self.cost(made))
        for claim in self.claims:
            yield _times(str(claim.resource), claim.most, of_claim(claim.spec))
        for service in self.services:
            yield str(service), of_service(service.spec)
        yield from self._counted(name)
        peaks = [(run.name, self._peak(run)) for run in self.runs]
        yield from sorted(peaks, key=lambda each: -each[1].get(name, Decimal(0)))[:1]

    def alone_above(self, name: str, most: Decimal) -> bool:
        """Whether one pod, claim or Service is too much by itself, and so found as that."""
        pods = map(self.cost, every_pod(self.standing, self.runs))
        others = [
            *(of_claim(each.spec) for each in self.claims),
            *(of_service(each.spec) for each in self.services),
        ]
        return any(usage.get(name, Decimal(0)) > most for usage in (*pods, *others))

    def _peak(self, run: Run) -> Amounts:
        asked_for = added(run.peak(self.cost), *(of_claim(claim.spec) for claim in run.claims))
        kept = Decimal(run.total)  # pods that have ended count as objects until their run is removed
        return {**asked_for, "count/pods": kept} if "count/pods" in asked_for else asked_for

    def _counted(self, name: str) -> Iterable[Share]:
        of_kind = [each for each in self.objects if name in self._names(each)]
        return [(f"{len(of_kind)} objects", {name: Decimal(len(of_kind))})] if of_kind else []

    def _names(self, resource: Resource) -> set[str]:
        if resource.kind in COUNTED_AS_ASKED and not resource.group:
            return set()
        plural = self.plurals.get((resource.group, resource.kind)) or _plural(resource.kind)
        counted = f"count/{plural}.{resource.group}" if resource.group else f"count/{plural}"
        return {counted, plural} if plural in OLD_NAMES else {counted}


def _above(quota: Resource, resource: Resource, field: str, usage: Amounts, what: str = "") -> Problems:
    told = " and ".join(_without_aliases(list(exceeded(quota, usage))))
    if told:
        who = f"{what} asks" if what else "asks"
        message = f"{who} for {told} in the quota of {quota.namespace}; ask for less, or raise the quota"
        yield Problem(resource, field, message, f"{quota} of {quota.namespace} is too small for it")


def _without_aliases(told: list[str]) -> list[str]:
    return [each for each in told if "count/" not in each] or told


def _times(name: str, most: int, usage: Amounts) -> Share:
    return (f"{most} of {name}" if most > 1 else name), times(most, usage)


def _plural(kind: str) -> str:
    """As Kubernetes names the kinds of its own."""
    name = kind.lower()
    if name.endswith(("s", "x", "ch")):
        return f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("cy") else f"{name}s"
