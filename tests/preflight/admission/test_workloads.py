"""What others add to a pod, and how many of it there are: sidecars, collectors, orchestrators, rolls."""

from collections.abc import Callable

import pytest

from preflight.admission.made import Made
from preflight.admission.requirements import asked
from preflight.admission.resource_quota import of_pod
from preflight.admission.seldon import surged
from preflight.admission.workloads import claims, runs, standing
from preflight.render.cluster import Render

RenderOf = Callable[..., Render]
NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata:
  name: a
  labels: {istio-injection: enabled, katib.kubeflow.org/metrics-collector-injection: enabled}
---
"""
MESH = """
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector}
webhooks:
  - name: namespace.sidecar-injector.istio.io
    namespaceSelector: {matchLabels: {istio-injection: enabled}}
    objectSelector: {matchExpressions: [{key: sidecar.istio.io/inject, operator: NotIn, values: ["false"]}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-system}
data:
  values: |
    {"pilot": {"cni": {"enabled": true}}, "global": {"proxy": {"resources": {"requests": {"cpu": "10m"}}}}}
---
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: a}
spec:
  replicas: 3
  template:
    metadata: {labels: {%s}, annotations: {%s}}
    spec: {containers: [{name: web, resources: {requests: {cpu: 100m}}}]}
---
"""


def names(made: Made) -> list[str]:
    """All containers of a pod."""
    return [each["name"] for key in ("initContainers", "containers") for each in made.spec[key]]


def cpu(made: Made) -> str:
    """What a pod requests of it."""
    return f"{of_pod(asked(made.spec))['requests.cpu'].normalize():f}"


@pytest.mark.parametrize(
    ("labels", "annotations", "expected"),
    [
        ("", "", ["istio-validation", "istio-proxy", "web"]),
        ('sidecar.istio.io/inject: "false"', "", ["web"]),
        ("", 'sidecar.istio.io/inject: "false"', ["web"]),
        (
            'sidecar.istio.io/inject: "true"',
            'sidecar.istio.io/inject: "false"',
            ["istio-validation", "istio-proxy", "web"],
        ),
    ],
)
def test_a_sidecar_is_added_where_istio_adds_one(
    render_of: RenderOf, labels: str, annotations: str, expected: list[str]
) -> None:
    [made] = standing(render_of(NAMESPACE + MESH + DEPLOYMENT % (labels, annotations)))
    assert names(made) == expected
    assert cpu(made) == ("0.11" if len(expected) > 1 else "0.1")


def test_a_pod_may_say_what_its_own_proxy_asks_for(render_of: RenderOf) -> None:
    [made] = standing(render_of(NAMESPACE + MESH + DEPLOYMENT % ("", "sidecar.istio.io/proxyCPU: 250m")))
    assert cpu(made) == "0.35"


def test_a_deployment_rolls_and_an_autoscaler_makes_more(render_of: RenderOf) -> None:
    scaler = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: a}
spec: {maxReplicas: 8, scaleTargetRef: {kind: Deployment, name: web}}
"""
    [alone] = standing(render_of(DEPLOYMENT % ("", "")))
    [scaled] = standing(render_of(DEPLOYMENT % ("", "") + scaler))
    assert (alone.most, scaled.most) == (4, 10)


@pytest.mark.parametrize(
    ("replicas", "strategy", "expected"),
    [
        (1, {}, 2),
        (4, {"rollingUpdate": {"maxSurge": "50%"}}, 6),
        (4, {"rollingUpdate": {"maxSurge": 0}}, 4),
        (4, {"type": "Recreate"}, 4),
        (0, {}, 0),
    ],
)
def test_a_quarter_more_of_pods_while_it_rolls(
    replicas: int, strategy: dict[str, object], expected: int
) -> None:
    assert surged(replicas, strategy) == expected


def test_a_sweep_is_its_trials_at_once_with_their_collectors_and_the_suggestion_service(
    render_of: RenderOf,
) -> None:
    experiment = """
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: sweep, namespace: a}
spec:
  algorithm: {algorithmName: random}
  parallelTrialCount: 2
  maxTrialCount: 6
  trialTemplate:
    trialSpec:
      spec: {template: {spec: {containers: [{name: train, resources: {requests: {cpu: "1"}}}]}}}
"""
    [told] = runs(render_of(NAMESPACE + experiment))
    suggestion, trial = told.pods
    assert names(suggestion) == ["suggestion"]
    assert names(trial) == ["train", "metrics-logger-and-collector"]
    assert told.peak(lambda made: of_pod(asked(made.spec)))["requests.cpu"] * 1000 == 50 + 2 * 1050
    assert told.total == 7


@pytest.mark.parametrize(("engine", "expected"), [("true", "0.1"), ("false", "0.6")])
def test_a_model_has_an_orchestrator_unless_it_says_not(
    render_of: RenderOf, engine: str, expected: str
) -> None:
    [made] = standing(
        render_of(f"""
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {{name: model, namespace: a}}
spec:
  predictors:
    - name: default
      annotations: {{seldon.io/no-engine: "{engine}"}}
      graph: {{name: model, modelUri: s3://models/1}}
      componentSpecs:
        - hpaSpec: {{maxReplicas: 2}}
          spec: {{containers: [{{name: model, resources: {{requests: {{cpu: 100m}}}}}}]}}
""")
    )
    assert (cpu(made), made.most) == (expected, 3)
    assert "model-model-initializer" in names(made)


def test_a_stateful_set_makes_a_claim_for_each_pod(render_of: RenderOf) -> None:
    [claim] = claims(
        render_of("""
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: a}
spec:
  replicas: 3
  volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: {storage: 1Gi}}}}]
  template: {spec: {containers: []}}
""")
    )
    assert (claim.most, claim.spec["resources"]["requests"]["storage"]) == (3, "1Gi")
