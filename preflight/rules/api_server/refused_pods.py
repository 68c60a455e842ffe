"""Pods that the API server refuses, whoever makes them: what makes them is taken, and they never come.

A finding stands where the number is written: at the container that states it, or at the LimitRange or the
quota where that gives it, or refuses what more than one object makes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from katib.experiment import value_at
from preflight.admission.amounts import amounts
from preflight.admission.limit_range import claim_refusals, fill_in, refusals
from preflight.admission.made import Claim, Made, every_pod
from preflight.admission.requirements import Given, Refusal, asked, contradictions
from preflight.admission.resource_quota import counts, unstated
from preflight.admission.workloads import claims, runs, standing
from preflight.findings import Problem, Problems
from preflight.registry import remark, rule
from preflight.render.cluster import Render, Unchecked
from preflight.render.resources import Resource

Written = tuple[str, str]  # object, field
SHOWN = 3  # names in a message; the others are counted


@dataclass(frozen=True)
class Refused:
    """A refusal, and whose pod or claim it is."""

    refusal: Refusal
    resource: Resource
    name: str
    field: str

    @property
    def written(self) -> Given:
        """Where the number is written."""
        return self.refusal.given or Given(self.resource, self.field)


@rule("pod-refused", "the API server refuses such a pod, and what makes it waits for it for ever")
def pod_refused(render: Render) -> Problems:
    """No pod asks for what the API server or a LimitRange refuses, once its defaults are in."""
    ranges = _by_namespace(render, "LimitRange")
    judged: list[Refused] = []
    for made in _every(render):
        pod = fill_in(ranges[made.namespace], asked(made.spec))
        every = [*contradictions(pod), *refusals(ranges[made.namespace], pod)]
        judged += [_refused(made, each) for each in every if not _told_by_schemas(made, each)]
    for claim in _claims(render):
        told = amounts(value_at(claim.spec, "resources.requests"))
        every = list(claim_refusals(ranges[claim.namespace], told))
        judged += [Refused(each, claim.resource, str(claim.resource), claim.field) for each in every]
    yield from _by_cause(judged)


@rule(
    "unset-quota-requirements", "a quota refuses each pod of which a container does not state what it counts"
)
def unset_quota_requirements(render: Render) -> Problems:
    """Every container states what its namespace's quota counts, or a LimitRange does it for it."""
    ranges, quotas = _by_namespace(render, "LimitRange"), _by_namespace(render, "ResourceQuota")
    missing: dict[str, list[Refused]] = defaultdict(list)
    for made in _every(render):
        pod = fill_in(ranges[made.namespace], asked(made.spec))
        for quota in quotas[made.namespace]:
            if counts(quota, made.spec, pod):
                missing[str(quota)] += [_refused(made, each) for each in unstated(quota, pod)]
    for refused in missing.values():
        yield from _unstated(refused)


@remark
def not_judged(render: Render) -> Iterator[Unchecked]:
    """The steps of which nobody knows yet what they ask for."""
    for each in runs(render):
        if each.unknown:
            told = f"{each.name}: a part of what {', '.join(each.unknown)} asks for is given to a run"
            yield Unchecked("pipelines", f"{told}; its parameter has no default, so it was not judged")


def _unstated(refused: list[Refused]) -> Problems:
    """At the one container that forgot it; at the quota where it refuses what others make as well."""
    if not refused:
        return
    parts = ", ".join(dict.fromkeys(each.refusal.part for each in refused))
    owners = {str(each.resource) for each in refused}
    if len(owners) == 1 and all(each.field for each in refused):
        for field in dict.fromkeys(each.field for each in refused):
            message = (
                f"it states no {parts}, which the quota counts; state it, or give the namespace a LimitRange"
            )
            yield Problem(refused[0].resource, field, message)
        return
    who = _names(each.refusal.container for each in refused)
    told = f"refused are {_names(each.name for each in refused)}: {who} there state no {parts}"
    message = f"{told}; give the namespace a LimitRange with defaults of these"
    quota = refused[0].refusal.by
    if quota:
        yield Problem(quota.resource, "spec.hard", message)


def _by_cause(judged: list[Refused]) -> Problems:
    """One for each cause: where a number is written, or where one bound refuses what several objects make."""
    bounds: dict[Written, set[str]] = defaultdict(set)
    for each in judged:
        if each.refusal.by and not each.refusal.given:
            bounds[_place(each.refusal.by)].add(str(each.resource))
    causes: dict[Written, list[Refused]] = defaultdict(list)
    places: dict[Written, Given] = {}
    for each in judged:
        bound = each.refusal.by
        shared = bound and (len(bounds[_place(bound)]) > 1 or not each.written.field)
        written = bound if bound and shared else each.written
        places[_place(written)] = written
        causes[_place(written)].append(each)
    for place, refused in causes.items():
        written = places[place]
        yield Problem(written.resource, written.field, _message(written.resource, refused))


def _place(given: Given) -> Written:
    return str(given.resource), given.field


def _message(resource: Resource, refused: list[Refused]) -> str:
    first = refused[0]
    if first.resource.key == resource.key:
        told = "; ".join(dict.fromkeys(each.refusal.message for each in refused))
        bound = f" in {first.refusal.by.resource}" if first.refusal.by else ""
        return f"{told}{bound}, and it is refused; change the one or the other"
    names = _names(each.name for each in refused)
    container = f"of {first.refusal.container} " if first.refusal.container else ""
    return f"refused are {names}: {container}{first.refusal.message}; change this, or what they ask for"


def _names(every: Iterable[str]) -> str:
    names = list(dict.fromkeys(every))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _refused(made: Made, refusal: Refusal) -> Refused:
    field = made.field_of(refusal.container, refusal.part) if refusal.container else made.pod.field
    return Refused(refusal, made.pod.resource, made.name, field)


def _told_by_schemas(made: Made, refusal: Refusal) -> bool:
    """What a template contradicts by itself, `schema-quantity` finds; it does not know a pipeline's steps."""
    itself = not refusal.by and not refusal.given and bool(refusal.container)
    return itself and refusal.container not in made.fields


def _every(render: Render) -> list[Made]:
    return list(every_pod(standing(render), runs(render)))


def _claims(render: Render) -> list[Claim]:
    return [*claims(render), *(claim for run in runs(render) for claim in run.claims)]


def _by_namespace(render: Render, kind: str) -> dict[str, list[Resource]]:
    found_in: dict[str, list[Resource]] = defaultdict(list)
    for resource in render.of(kind):
        found_in[resource.namespace].append(resource)
    return found_in
