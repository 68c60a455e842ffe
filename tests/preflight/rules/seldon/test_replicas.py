"""Who decides how many of a model's servers there are: the field that says so, for each Deployment of it."""

from collections.abc import Callable

import pytest

from preflight.render.cluster import Render
from tests.preflight.conftest import said

RenderOf = Callable[..., Render]
MODEL = """
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {name: model, namespace: a}
spec:
  %s
  predictors:
    - name: default
      graph: {name: model}
      %s
      componentSpecs: [%s]
---
"""
ONE = "{%s spec: {containers: [{name: model}]}}"
HPA = "hpaSpec: {maxReplicas: 2},"
AUTOSCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: model, namespace: a}
spec: {scaleTargetRef: {kind: Deployment, name: model-default-0-model}}
"""
FIELD = "spec.predictors[0]"


@pytest.mark.parametrize(
    ("whole", "predictor", "components", "expected"),
    [
        ("", "", ONE % "", [f"{FIELD}.replicas"]),
        ("replicas: 1", "", ONE % "", []),
        ("", "replicas: 0", ONE % "", []),
        ("", "", ONE % "replicas: 2,", []),
        ("", "", ONE % HPA, []),
        ("", "", f"{ONE % HPA}, {ONE % ''}", [f"{FIELD}.componentSpecs[1].replicas"]),
        ("", "", "", [f"{FIELD}.replicas"]),
        (
            "annotations: {seldon.io/engine-separate-pod: 'true'}",
            "",
            ONE % HPA,
            [f"{FIELD}.svcOrchSpec.replicas"],
        ),
        ("annotations: {seldon.io/engine-separate-pod: 'true'}", "replicas: 1", ONE % "", []),
        ("", "{replicas: 1, explainer: {type: anchor_images}}", ONE % "", [f"{FIELD}.explainer.replicas"]),
        ("", "{replicas: 1, explainer: {type: anchor_images, replicas: 1}}", ONE % "", []),
    ],
)
def test_every_deployment_has_a_number_or_the_operators_autoscaler(
    render_of: RenderOf, whole: str, predictor: str, components: str, expected: list[str]
) -> None:
    inner = predictor.removeprefix("{").removesuffix("}").replace(", explainer", "\n      explainer")
    inner = inner + "}" if inner.count("{") > inner.count("}") else inner
    findings = said("seldon-replica-loop", render_of(MODEL % (whole, inner, components)))
    assert [each.field for each in findings] == expected


@pytest.mark.parametrize(
    ("predictor", "component", "expected"),
    [
        ("replicas: 1", "", [f"{FIELD}.replicas"]),
        ("", "replicas: 1,", [f"{FIELD}.componentSpecs[0].replicas"]),
        ("", HPA, [f"{FIELD}.replicas"]),
        ("", "", []),  # found as a loop
    ],
)
def test_an_autoscaler_of_ours_and_the_operators_number_undo_each_other(
    render_of: RenderOf, predictor: str, component: str, expected: list[str]
) -> None:
    text = MODEL % ("", predictor, ONE % component)
    assert list(said("seldon-scaled-twice", render_of(text))) == []
    assert [each.field for each in said("seldon-scaled-twice", render_of(text + AUTOSCALER))] == expected
