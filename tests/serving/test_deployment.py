"""A SeldonDeployment as YAML: what is read from it, and what is refused with one line."""

import json
import re
from pathlib import Path

import pytest
import yaml

from pylib.errors import ServingError
from pylib.serving.deployment import MANIFEST, SeldonDeployment, read_deployment

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / MANIFEST).read_text()


def test_the_repository_itself_has_released_nothing() -> None:
    deployment = read_deployment(ROOT / MANIFEST)
    assert deployment.parameters == {"model_digest": "", "data_commit": "", "git_commit": ""}


def image_of(name: str) -> str:
    return str(yaml.safe_load((ROOT / "images.lock").read_text())[name])


def test_environment_is_what_the_operator_gives(
    deployment: SeldonDeployment, identity: dict[str, str]
) -> None:
    environment = deployment.environment(http=9000, grpc=9500, metrics=6000)
    parameters = json.loads(environment.pop("PREDICTIVE_UNIT_PARAMETERS"))
    assert {p["name"]: p["value"] for p in parameters} == identity
    assert {p["type"] for p in parameters} == {"STRING"}
    assert json.loads(environment.pop("PREDICTOR_LABELS")) == {"version": "default"}
    assert environment == {
        "ARTIFACT_STORE": "s3://models",
        "GUNICORN_WORKERS": "2",
        "INCLUDE_METRICS_IN_CLIENT_RESPONSE": "false",
        "PREDICTIVE_UNIT_ID": "model",
        "PREDICTIVE_UNIT_IMAGE": image_of("serve"),
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": "9000",
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": "9500",
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": "6000",
        "PREDICTIVE_UNIT_METRICS_ENDPOINT": "/prometheus",
        "PREDICTOR_ID": "default",
        "SELDON_DEPLOYMENT_ID": "model",
        "SELDON_EXECUTOR_ENABLED": "true",
    }


def test_variables_that_only_a_cluster_fills_in_are_left_out(tmp_path: Path) -> None:
    secret = "- {name: PASSWORD, valueFrom: {secretKeyRef: {name: a, key: b}}}\n"
    path = tmp_path / "deployment.yaml"
    path.write_text(replaced("- name: ARTIFACT_STORE", secret + 18 * " " + "- name: ARTIFACT_STORE"))
    environment = read_deployment(path).environment(http=1, grpc=2, metrics=3)
    assert "PASSWORD" not in environment
    assert environment["ARTIFACT_STORE"] == "s3://models"


def test_the_pod_is_hardened_where_the_operator_keeps_it() -> None:
    """The operator replaces the pod's security context, so all of it must stand on the container."""
    pod = yaml.safe_load(TEXT)["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    (container,) = pod["containers"]
    context = container["securityContext"]
    assert context["runAsNonRoot"]
    assert context["readOnlyRootFilesystem"]
    assert not context["allowPrivilegeEscalation"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert "securityContext" not in pod
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/status"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/ping"
    assert set(container["resources"]) == {"requests", "limits"}


def replaced(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new)


BAD = {
    "empty file": ("", "the document"),
    "not YAML": ("a: [1", "not one YAML document"),
    "two documents": (TEXT + "---\n" + TEXT, "not one YAML document"),
    "binary": ("\x00\x01", "not one YAML document"),
    "a list": ("- 1\n- 2\n", "the document"),
    "another kind": (replaced("kind: SeldonDeployment", "kind: Deployment"), "kind: "),
    "another version": (replaced("seldon.io/v1\n", "seldon.io/v2\n"), "apiVersion: "),
    "no name": (replaced("metadata:\n  name: model\n", "metadata: {}\n"), "metadata.name: "),
    "no predictors": (
        TEXT[: TEXT.index("spec:")] + "spec: {predictors: []}",
        "spec.predictors: ",
    ),
    "value is a number": (replaced('value: ""', "value: 7"), "spec.predictors.0.graph.parameters.0.value: "),
    "unknown type": (replaced("type: STRING", "type: TEXT"), "parameters.0.type: "),
    "a router": (replaced("type: MODEL", "type: ROUTER"), "only one predictor whose graph is one MODEL"),
    "no container of that name": (
        replaced("- name: model\n", "- name: other\n"),
        "no container is named 'model'",
    ),
}


@pytest.mark.parametrize(("text", "reason"), BAD.values(), ids=BAD.keys())
def test_bad_deployments_are_refused_in_one_line(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "deployment.yaml"
    path.write_text(text)
    with pytest.raises(ServingError, match=re.escape(reason)) as caught:
        read_deployment(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ServingError, match=re.escape(f"a repository with {MANIFEST}")):
        read_deployment(tmp_path / "none.yaml")
