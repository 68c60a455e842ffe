"""What Seldon's operator, cert-manager and the secrets' operators make, as their pinned versions name it."""

from collections.abc import Callable

import yaml

from preflight.platform.operators import deployments, secrets, services
from preflight.render.cluster import Render

RenderOf = Callable[..., Render]
SELDON = """
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {name: model, namespace: ml}
spec:
  predictors:
    - name: default
      annotations: {seldon.io/no-engine: "true"}
      componentSpecs:
        - spec:
            containers:
              - name: classifier
                ports: [{name: http, containerPort: 9001}]
    - name: canary
      componentSpecs:
        - metadata: {labels: {release: next}}
          spec:
            containers: [{name: first}, {name: second}]
"""


def test_seldon_makes_a_service_for_each_predictor_and_container(render_of: RenderOf) -> None:
    made = {name: dict(ports.names) for (_, name), ports in services(render_of(SELDON)).items()}
    assert made == {
        "model-default": {9001: "http", 9500: "grpc"},
        "model-default-classifier": {9001: "http", 9500: "grpc"},
        "model-canary": {8000: "http", 5001: "grpc"},
        "model-canary-first": {9000: "http", 9500: "grpc"},
        "model-canary-second": {9000: "http", 9500: "grpc"},
    }


def test_seldon_makes_a_deployment_for_each_component(render_of: RenderOf) -> None:
    assert deployments(render_of(SELDON)) == {
        ("ml", "model-default-0-classifier"),
        ("ml", "model-canary-0-first-second"),
    }


def test_the_pods_that_seldon_makes_carry_its_labels_and_their_own(render_of: RenderOf) -> None:
    [default, canary] = render_of(SELDON).pods["ml"]
    assert default.labels == {
        "app": "model-default-0-classifier",
        "seldon-app": "model-default",
        "seldon-app-svc-classifier": "model-default-classifier",
        "seldon-deployment-id": "model",
    }
    assert canary.labels["release"] == "next"


def test_secrets_come_of_other_objects(render_of: RenderOf) -> None:
    objects = [
        {
            "kind": "SealedSecret",
            "metadata": {"name": "a", "namespace": "x"},
            "spec": {"encryptedData": {"k": "v"}},
        },
        {
            "kind": "SealedSecret",
            "metadata": {"name": "sealed", "namespace": "x"},
            "spec": {"template": {"metadata": {"name": "b"}}},
        },
        {
            "kind": "ExternalSecret",
            "metadata": {"name": "c", "namespace": "x"},
            "spec": {"data": [{"secretKey": "k"}]},
        },
        {
            "kind": "ExternalSecret",
            "metadata": {"name": "external", "namespace": "x"},
            "spec": {"target": {"name": "d"}, "dataFrom": [{}]},
        },
        {"kind": "Certificate", "metadata": {"name": "web", "namespace": "x"}, "spec": {"secretName": "e"}},
    ]
    assert list(secrets(render_of(yaml.safe_dump_all(objects)))) == [
        ("x", "a", {"k"}),
        ("x", "b", set()),
        ("x", "c", {"k"}),
        ("x", "d", set()),
        ("x", "e", {"tls.crt", "tls.key", "ca.crt"}),
    ]
