"""What Seldon's operator 1.17.1 does with the replicas that a SeldonDeployment states, or does not.

It computes each Deployment and patches the difference: createDeployments of operator/controllers/
seldondeployment_controller.go. Only where it made the autoscaler itself does it leave the number alone; what
nobody states it computes as null, and Kubernetes turns that into 1, which it patches again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from katib.experiment import value_at
from preflight.findings import Faults, Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.render.pods import pod_templates
from preflight.render.resources import Body, Resource

SEPARATE_ENGINE = "seldon.io/engine-separate-pod"
NO_ENGINE = "seldon.io/no-engine"
Stated = tuple[tuple[str, int | None], ...]  # fields and their numbers, the first that is there counts


@dataclass(frozen=True)
class Deployment:
    """A Deployment that the operator makes: its name, the field it comes from, and who decides its replicas.

    stated: where its number may stand
    """

    name: str
    field: str
    stated: Stated
    scaled: bool = False

    @property
    def replicas(self) -> str:
        """The field that says how many; empty where none does."""
        return next((field for field, number in self.stated if number is not None), "")


@rule(
    "seldon-replica-loop",
    "Seldon's operator patches such a Deployment for ever, and Argo CD shows Progressing for ever",
    of="SeldonDeployment",
)
def seldon_replica_loop(resource: Resource) -> Faults:
    """Every Deployment of a SeldonDeployment states its replicas, or has an autoscaler of the operator's."""
    for made in _made(resource):
        if not made.scaled and not made.replicas:
            message = "neither replicas nor hpaSpec is stated; set componentSpecs' hpaSpec, or replicas"
            yield made.field, message


@rule("seldon-scaled-twice", "the autoscaler and Seldon's operator undo each other's number for ever")
def seldon_scaled_twice(render: Render) -> Problems:
    """No autoscaler of ours has a Deployment for target whose replicas the operator sets."""
    scaled = {
        (each.namespace, str(value_at(each.spec, "scaleTargetRef.name"))): str(each)
        for each in render.of("HorizontalPodAutoscaler", "ScaledObject")
        if value_at(each.spec, "scaleTargetRef.kind") in {"Deployment", None}
    }
    for resource in render.of("SeldonDeployment"):
        for made in _made(resource):
            autoscaler = scaled.get((resource.namespace, made.name))
            if autoscaler and (made.replicas or made.scaled):
                told = f"{autoscaler} scales {made.name} too; put it into componentSpecs' hpaSpec alone"
                yield Problem(resource, made.replicas or made.field, told)


def _made(resource: Resource) -> Iterator[Deployment]:
    names = {pod.field: pod.labels["app"] for pod in pod_templates(resource)}
    whole = ("spec.replicas", resource.spec.get("replicas"))
    for at, predictor in enumerate(resource.spec.get("predictors") or []):
        field = f"spec.predictors[{at}]"
        stated = ((f"{field}.replicas", predictor.get("replicas")), whole)
        yield from _components(predictor, field, stated, names)
        yield from _beside(resource, predictor, field, stated)


def _beside(resource: Resource, predictor: Body, field: str, stated: Stated) -> Iterator[Deployment]:
    """An orchestrator of its own, and an explainer, which takes the predictor's number only where it is 0."""
    prefix = f"{resource.name}-{predictor.get('name')}"
    if _separate(resource, predictor):
        own = (f"{field}.svcOrchSpec.replicas", value_at(predictor, "svcOrchSpec.replicas"))
        yield Deployment(f"{prefix}-svc-orch", own[0], (own, *stated))
    if value_at(predictor, "explainer.type") or value_at(predictor, "explainer.containerSpec.image"):
        own = (f"{field}.explainer.replicas", value_at(predictor, "explainer.replicas"))
        yield Deployment(f"{prefix}-explainer", own[0], (*(each for each in stated if each[1] == 0), own))


def _components(predictor: Body, field: str, whole: Stated, names: dict[str, str]) -> Iterator[Deployment]:
    """One a component; where a ready-made server has none, the operator's webhook adds it."""
    components = predictor.get("componentSpecs") or []
    if not components:
        yield Deployment("", f"{field}.replicas", whole)
    for index, component in enumerate(components):
        place = f"{field}.componentSpecs[{index}]"
        own = (f"{place}.replicas", component.get("replicas"))
        scaled = bool(component.get("hpaSpec") or component.get("kedaSpec"))
        name = names.get(f"{place}.spec", "")
        # Of one component the predictor's number is what people write.
        where = f"{field if len(components) == 1 else place}.replicas"
        yield Deployment(name, where, () if scaled else (own, *whole), scaled)


def _separate(resource: Resource, predictor: Body) -> bool:
    """Whether the orchestrator has a Deployment of its own."""
    asked = (resource.spec.get("annotations") or {}).get(SEPARATE_ENGINE) == "true"
    return asked and str((predictor.get("annotations") or {}).get(NO_ENGINE)).lower() != "true"
