"""A SeldonDeployment as YAML: what is read from it, and what is refused with one line."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from preflight.render.kustomize import build
from pylib.errors import ServingError
from pylib.release.kustomization import with_served
from pylib.release.manifest import Manifest
from pylib.release.served import Canary, Served, Values
from pylib.serving.deployment import SeldonDeployment, read_deployment
from pylib.serving.repository import MODELS, SERVER, kustomization, manifest
from tests.preflight.conftest import needs_kustomize

ROOT = Path(__file__).parents[2]
NAME = "segmentation"
CANARY = Values("b" * 64, "sample@2", "badcafe", "passed")
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
        "FEEDBACK_INBOX": "s3://feedback",
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
    "a router": (replaced("type: MODEL", "type: ROUTER"), "only predictors whose graph is one MODEL"),
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
@pytest.mark.parametrize("beside", [None, Canary(CANARY, 10), Canary(CANARY, 0)], ids=str)
def test_what_is_served_here_is_what_kustomize_makes(tmp_path: Path, beside: Canary | None) -> None:
    """Of a champion alone, with a canary, with a shadow."""
    shutil.copytree(ROOT / "cluster-conf", tmp_path / "cluster-conf")
    released = Served(Values("a" * 64, "sample@1", "c0ffee", "passed"), beside)
    path, installed = tmp_path / manifest(NAME), tmp_path / kustomization(NAME)
    path.write_text(Manifest(path.read_text(), path).with_served(released).text)
    installed.write_text(with_served(installed.read_text(), released))
    objects = list(yaml.safe_load_all(build(tmp_path / "cluster-conf/models/segmentation/overlays/local")))
    (body,) = [each for each in objects if each["kind"] == "SeldonDeployment"]
    read = read_deployment(tmp_path, NAME)
    assert read == SeldonDeployment.model_validate(body)
    assert read.parameters["model_digest"] == "a" * 64
    (route,) = [each for each in objects if each["kind"] == "VirtualService"]
    assert (
        leads_to(route)
        == {
            None: ({"segmentation-default": None}, None, "-1"),
            10: ({"segmentation-default": 90, "segmentation-canary": 10}, None, "1"),
            0: ({"segmentation-default": None}, "segmentation-shadow", "1"),
        }[beside.traffic if beside else None]
    )


def leads_to(route: dict[str, Any]) -> tuple[dict[str, int | None], str | None, str]:
    """The weights by Service, the Service that gets copies, and when Argo CD applies it."""
    http, *none = route["spec"]["http"]
    assert not none
    weights = {each["destination"]["host"].split(".")[0]: each.get("weight") for each in http["route"]}
    ports = [each["destination"]["port"] for each in http["route"]]
    mirror = http.get("mirror")
    assert {port["number"] for port in [*ports, *([mirror["port"]] if mirror else [])]} == {9000}
    copies = mirror["host"].split(".")[0] if mirror else None
    return weights, copies, route["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        (["traffic: 90", "traffic: 20"], "adds up to 110, not to 100"),
        (["traffic: 90"], ""),
        (["traffic: 90", "traffic: 5", "traffic: 5"], "only a model, with one canary or one shadow"),
        (["shadow: true", "shadow: true"], "only a model, with one canary or one shadow"),
        (["traffic: 100", "shadow: true"], ""),
        (["traffic: -1", "traffic: 101"], "spec.predictors.0.traffic: "),
    ],
)
def test_predictors_that_do_not_make_a_split_are_refused(
    repository: Path, shares: list[str], says: str
) -> None:
    graph = "graph: {name: model, type: MODEL}"
    predictors = ", ".join(f"{{name: p{at}, {share}, {graph}}}" for at, share in enumerate(shares))
    text = TEXT[: TEXT.index("spec:")] + f"spec: {{predictors: [{predictors}]}}"
    (repository / manifest(NAME)).write_text(text)
    if says:
        with pytest.raises(ServingError, match=re.escape(says)):
            read_deployment(repository, NAME)
    else:
        assert read_deployment(repository, NAME).predictor.name == "p0"


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
