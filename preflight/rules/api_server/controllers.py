"""What the API server checks of workloads beyond their schema: strategies, schedules, bounds."""

from collections.abc import Iterator
from zoneinfo import available_timezones

from katib.experiment import value_at
from preflight.findings import Faults, Problem, Problems
from preflight.registry import rule, schema_rule
from preflight.render.cluster import Render
from preflight.render.resources import Body, Resource
from preflight.schemas.check import sound
from preflight.schemas.cron import mistake
from preflight.schemas.suggest import did_you_mean


@schema_rule("schema-strategy", "a strategy that allows no pod to change is refused", of="Deployment")
def strategies(resource: Resource) -> Faults:
    """Recreate has no steps, and a rolling update can take one."""
    strategy = resource.spec.get("strategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    if strategy.get("type") == "Recreate" and rolling:
        message = "Recreate takes all pods at once; remove rollingUpdate"
        yield "spec.strategy.rollingUpdate", message
    if {str(rolling.get(key)).strip("%") for key in ("maxSurge", "maxUnavailable")} == {"0"}:
        message = "maxSurge and maxUnavailable are both 0, so that no pod may change; raise one"
        yield "spec.strategy.rollingUpdate", message


@schema_rule("schema-cron", "a schedule that cannot be read is refused", of="CronJob")
def schedules(resource: Resource) -> Faults:
    """The five fields of a CronJob's schedule, and its time zone."""
    schedule, zone = resource.spec.get("schedule"), resource.spec.get("timeZone")
    wrong = mistake(str(schedule)) if schedule is not None else ""
    if wrong:
        yield "spec.schedule", wrong
    zones = available_timezones()  # none where the machine has no database of them
    if zone is not None and zones and zone not in zones:
        message = f"there is no time zone {zone}{did_you_mean(str(zone), zones)}"
        yield "spec.timeZone", message


@schema_rule(
    "schema-claim",
    "a claim that asks for no storage, or for no way to reach it, is refused",
    of=("PersistentVolumeClaim", "StatefulSet"),
)
def claims(resource: Resource) -> Faults:
    """Every claim, also one that a StatefulSet makes, has a size and an access mode."""
    if resource.kind == "PersistentVolumeClaim":
        yield from _claim(resource.spec, "spec")
        return
    for index, claim in enumerate(resource.spec.get("volumeClaimTemplates") or []):
        yield from _claim(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}].spec")


@rule("schema-scaling", "bounds that cannot both hold are refused")
def scaling(render: Render) -> Problems:
    """An autoscaler's least is not above its most; a disruption budget has one bound."""
    for resource, field, spec in _autoscalers(render):
        least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 1)
        if isinstance(least, int) and isinstance(most, int) and not 1 <= least <= most:
            message = f"minReplicas {least} is not between 1 and maxReplicas {most}"
            yield Problem(resource, f"{field}.minReplicas", message)
    for resource in sound(render, "PodDisruptionBudget"):
        if resource.spec.get("minAvailable") is not None and resource.spec.get("maxUnavailable") is not None:
            message = "it has minAvailable and maxUnavailable; keep one"
            yield Problem(resource, "spec", message)


def _autoscalers(render: Render) -> Iterator[tuple[Resource, str, Body]]:
    """Those that are objects, and those that Seldon's operator makes: where each is written, and its spec."""
    for resource in sound(render, "HorizontalPodAutoscaler"):
        yield resource, "spec", resource.spec
    for resource in sound(render, "SeldonDeployment"):
        for at, predictor in enumerate(resource.spec.get("predictors") or []):
            for index, component in enumerate(predictor.get("componentSpecs") or []):
                if component.get("hpaSpec"):
                    yield (
                        resource,
                        f"spec.predictors[{at}].componentSpecs[{index}].hpaSpec",
                        component["hpaSpec"],
                    )


def _claim(spec: object, field: str) -> Faults:
    if not value_at(spec, "accessModes"):
        yield f"{field}.accessModes", "it has none; write one, such as ReadWriteOnce"
    if not value_at(spec, "resources.requests.storage"):
        yield f"{field}.resources.requests.storage", "it asks for no storage; write how much, such as 10Gi"
