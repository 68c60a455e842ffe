"""A SeldonDeployment as YAML: what is read from it, and what is refused with one line."""

import json
import re
from pathlib import Path

import pytest
import yaml

from preflight.render.kustomize import build
from pylib.errors import ServingError
from pylib.serving.deployment import SeldonDeployment, read_deployment
from pylib.serving.repository import MODELS, SERVER, manifest
from tests.preflight.conftest import needs_kustomize

ROOT = Path(__file__).parents[2]
NAME = "segmentation"
TEXT, SERVER_TEXT = (ROOT / manifest(NAME)).read_text(), (ROOT / SERVER).read_text()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that serves one model, as this one does."""
    for file, text in ((SERVER, SERVER_TEXT), (manifest(NAME), TEXT)):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_text(text)
    return tmp_path


def test_the_repository_itself_has_released_nothing() -> None:
    deployment = read_deployment(ROOT, NAME)
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
        "MALLOC_ARENA_MAX": "2",
        "INCLUDE_METRICS_IN_CLIENT_RESPONSE": "false",
        "PREDICTIVE_UNIT_ID": "model",
        "PREDICTIVE_UNIT_IMAGE": image_of("serve"),
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": "9000",
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": "9500",
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": "6000",
        "PREDICTIVE_UNIT_METRICS_ENDPOINT": "/prometheus",
        "PREDICTOR_ID": "default",
        "SERVING_PROTOCOLS": "seldon,open-inference,tensorflow-serving",
        "SELDON_DEPLOYMENT_ID": NAME,
        "SELDON_EXECUTOR_ENABLED": "true",
    }


def test_variables_that_only_a_cluster_fills_in_are_left_out(repository: Path) -> None:
    secret = "- {name: PASSWORD, valueFrom: {secretKeyRef: {name: a, key: b}}}\n"
    first = "- name: ARTIFACT_STORE"
    assert first in SERVER_TEXT
    (repository / SERVER).write_text(SERVER_TEXT.replace(first, secret + 14 * " " + first))
    environment = read_deployment(repository, NAME).environment(http=1, grpc=2, metrics=3)
    assert "PASSWORD" not in environment
    assert environment["ARTIFACT_STORE"] == "s3://models"


def test_the_pod_is_hardened_where_the_operator_keeps_it() -> None:
    """The operator replaces the pod's security context, so all of it must stand on the container."""
    added = {each["path"]: each["value"] for each in yaml.safe_load(SERVER_TEXT)}
    pod = added["/spec/predictors/0/componentSpecs"][0]["spec"]
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
    "no name": (re.sub(r"metadata:\n(  .*\n)+", "metadata: {}\n", TEXT), "metadata.name: "),
    "no predictors": (
        TEXT[: TEXT.index("spec:")] + "spec: {predictors: []}",
        "has no /spec/predictors/0 to take /spec/predictors/0/annotations",
    ),
    "no spec": (TEXT[: TEXT.index("spec:")], "has no /spec to take /spec/protocol"),
    "value is a number": (replaced('value: ""', "value: 7"), "spec.predictors.0.graph.parameters.0.value: "),
    "unknown type": (replaced("type: STRING", "type: TEXT"), "parameters.0.type: "),
    "a router": (replaced("type: MODEL", "type: ROUTER"), "only one predictor whose graph is one MODEL"),
    "no container of that name": (
        replaced("        name: model\n", "        name: other\n"),
        "no container is named 'other'",
    ),
}


@pytest.mark.parametrize(("text", "reason"), BAD.values(), ids=BAD.keys())
def test_bad_deployments_are_refused_in_one_line(repository: Path, text: str, reason: str) -> None:
    path = repository / manifest(NAME)
    path.write_text(text)
    with pytest.raises(ServingError, match=re.escape(reason)) as caught:
        read_deployment(repository, NAME)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_deployment_that_has_its_own_server_needs_no_other(repository: Path) -> None:
    whole = yaml.safe_load(TEXT)
    whole["spec"]["predictors"][0]["componentSpecs"] = [{"spec": {"containers": [{"name": "model"}]}}]
    (repository / manifest(NAME)).write_text(yaml.safe_dump(whole))
    (repository / SERVER).unlink()
    assert read_deployment(repository, NAME).container.image == ""


def test_missing_file_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ServingError, match=re.escape(f"a repository with {MODELS}")):
        read_deployment(tmp_path, NAME)


@needs_kustomize
def test_what_is_served_here_is_what_kustomize_makes(repository: Path) -> None:
    built = build(ROOT / "cluster-conf/models/segmentation/overlays/local")
    (body,) = [each for each in yaml.safe_load_all(built) if each["kind"] == "SeldonDeployment"]
    assert read_deployment(repository, NAME) == SeldonDeployment.model_validate(body)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("op: add", "op: remove"), "0.op: "),
        (("path: /spec/protocol", "path: spec"), "0.path: "),
        (("- op", "op"), "is not one YAML document"),
        (("path: /spec/protocol", "path: /spec/predictors/x/protocol"), "no /spec/predictors/x to take"),
    ],
)
def test_a_server_that_is_no_patch_which_adds_is_refused_in_one_line(
    repository: Path, change: tuple[str, str], says: str
) -> None:
    (repository / SERVER).write_text(SERVER_TEXT.replace(*change, 1))
    with pytest.raises(ServingError, match=says) as caught:
        read_deployment(repository, NAME)
    assert "\n" not in str(caught.value)
