"""What the webhook of Seldon's operator 1.17.1 refuses of a deployment with several predictors.

Source: `checkTraffic`, `validateShadow` and `checkPredictiveUnits` of
operator/apis/machinelearning.seldon.io/v1/seldondeployment_webhook.go
"""

from katib.experiment import value_at
from preflight.findings import Faults
from preflight.registry import rule
from preflight.render.resources import Body, Resource

WHOLE = 100


@rule(
    "seldon-traffic",
    "the operator's webhook refuses such a split, and what was served before stays",
    of="SeldonDeployment",
)
def seldon_traffic(resource: Resource) -> Faults:
    """The traffic of several predictors adds up to 100; a shadow, of which there is one at most, has none."""
    predictors = resource.spec.get("predictors") or []
    shadows = [at for at, each in enumerate(predictors) if each.get("shadow")]
    shares = {at: _traffic(each) for at, each in enumerate(predictors) if at not in shadows}
    if predictors and not shares:
        yield f"spec.predictors[{shadows[0]}].shadow", "nothing answers beside the shadow; take `shadow` away"
    for at in shadows[1:]:
        message = f"predictor {predictors[shadows[0]].get('name')} is a shadow already; keep one"
        yield f"spec.predictors[{at}].shadow", message
    total = sum(shares.values())
    if total != WHOLE and (len(shares) > 1 or (len(predictors) == 1 and total)):
        last = max(shares)
        rest = WHOLE - total + shares[last]
        fix = f"write {rest} here" if 0 < rest <= WHOLE else "change them"
        message = f"the traffic of all predictors adds up to {total}, not to {WHOLE}; {fix}"
        yield f"spec.predictors[{last}].traffic", message


@rule(
    "seldon-without-container",
    "the operator's webhook refuses a graph whose unit no container runs",
    of="SeldonDeployment",
)
def seldon_without_container(resource: Resource) -> Faults:
    """Every predictor whose graph is a model of our own has a container of the graph's name."""
    for at, predictor in enumerate(resource.spec.get("predictors") or []):
        graph = predictor.get("graph") or {}
        own = graph.get("type") == "MODEL" and not graph.get("implementation")
        if own and graph.get("name") not in _containers(predictor):
            canary = " or, of a canary, apply components/canary beside components/served-model" if at else ""
            message = f"no container is named {graph.get('name')} as the graph's unit is; add one{canary}"
            yield f"spec.predictors[{at}].componentSpecs", message


def _traffic(predictor: Body) -> int:
    traffic = predictor.get("traffic")
    return traffic if isinstance(traffic, int) else 0


def _containers(predictor: Body) -> set[str]:
    return {
        str(container.get("name"))
        for component in predictor.get("componentSpecs") or []
        for container in value_at(component, "spec.containers") or []
    }
