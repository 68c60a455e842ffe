"""What Helm is told is what Argo CD tells it, in the same order of precedence."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from preflight.errors import ClusterError
from preflight.render import helm
from preflight.render.environment import Environment
from preflight.render.values import HelmSource, Place

needs_helm = pytest.mark.skipif(
    not shutil.which("helm"), reason="helm is not on PATH; install it to build charts"
)
CHART = "apiVersion: v2\nname: small\nversion: 1.0.0\n"
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
data:
  a: {{ .Values.a | quote }}
  kind: {{ kindOf .Values.a }}
  file: {{ .Values.file | default "" | quote }}
  kubernetes: {{ .Capabilities.KubeVersion.Version | quote }}
  asked: {{ .Capabilities.APIVersions.Has "example.org/v1" | quote }}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    files = {
        "chart/Chart.yaml": CHART,
        "chart/values.yaml": "a: default\n",
        "chart/templates/map.yaml": TEMPLATE,
        "chart/crds/crd.yaml": "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition}",
        "chart/one.yaml": "a: one\n",
        "values/two.yaml": "a: two\n",
        "values/three.yaml": "a: three\n",
        "values/text.txt": "read from a file",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def source(root: Path, **told: Any) -> HelmSource:
    environment = Environment.of(
        name="app", namespace="work", project="platform", url="u", path="chart", revision="main"
    )
    named = {"values": root}
    return HelmSource(told, Place(root / "chart", root), environment, named.get, root.parent / "values.yaml")


def built(root: Path, **told: Any) -> dict[str, Any]:
    options = source(root, **told).options("app", "work", "1.34.0")
    text = helm.template(helm.command(root / "chart", options))
    found = {each["kind"]: each for each in yaml.safe_load_all(text) if each}
    return {**found["ConfigMap"]["data"], **found["ConfigMap"]["metadata"], "kinds": sorted(found)}


@needs_helm
@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, {"a": "default", "name": "app", "namespace": "work", "kubernetes": "v1.34.0", "asked": "false"}),
        ({"releaseName": "other", "namespace": "there"}, {"name": "other", "namespace": "there"}),
        ({"valueFiles": ["one.yaml", "/values/two.yaml"]}, {"a": "two"}),
        ({"valueFiles": ["$values/values/two.yaml", "one.yaml"]}, {"a": "one"}),
        ({"valueFiles": ["/values/*.yaml"]}, {"a": "two"}),
        ({"valueFiles": ["/values/*.yaml", "/values/three.yaml"]}, {"a": "three"}),
        ({"valueFiles": ["/values/t*.yaml", "gone.yaml"], "ignoreMissingValueFiles": True}, {"a": "two"}),
        ({"valueFiles": ["one.yaml"], "values": "a: inline"}, {"a": "inline"}),
        ({"values": "a: text", "valuesObject": {"a": "object"}}, {"a": "object"}),
        ({"valuesObject": {}, "values": "a: text"}, {"a": "default"}),
        (
            {"valuesObject": {"a": 1}, "parameters": [{"name": "a", "value": "2"}]},
            {"a": "2", "kind": "int64"},
        ),
        ({"parameters": [{"name": "a", "value": "2", "forceString": True}]}, {"a": "2", "kind": "string"}),
        ({"parameters": [{"name": "a", "value": "x,y"}]}, {"a": "x,y"}),
        (
            {"parameters": [{"name": "a", "value": "$ARGOCD_APP_NAME-${ARGOCD_APP_NAMESPACE}"}]},
            {"a": "app-work"},
        ),
        ({"fileParameters": [{"name": "file", "path": "/values/text.txt"}]}, {"file": "read from a file"}),
        (
            {"kubeVersion": "1.31.2", "apiVersions": ["example.org/v1"]},
            {"kubernetes": "v1.31.2", "asked": "true"},
        ),
        ({}, {"kinds": ["ConfigMap", "CustomResourceDefinition"]}),
        ({"skipCrds": True}, {"kinds": ["ConfigMap"]}),
    ],
)
def test_a_chart_gets_what_argo_cd_gives_it(
    repository: Path, told: dict[str, Any], expected: dict[str, Any]
) -> None:
    made = built(repository, **told)
    assert {key: made[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"valueFiles": ["gone.yaml"]}, "gone.yaml: no such file; fix it, or set ignoreMissingValueFiles"),
        ({"valueFiles": ["/values/q*.yaml"]}, "no file is called so"),
        ({"valueFiles": ["$other/values/two.yaml"]}, "no source of the application has `ref: other`"),
        ({"valueFiles": ["../../outside.yaml"]}, "it is outside of its repository"),
    ],
)
def test_a_file_that_is_not_there_is_told(repository: Path, told: dict[str, Any], said: str) -> None:
    with pytest.raises(ClusterError) as error:
        source(repository, **told).options("app", "work", "1.34.0")
    assert said in str(error.value)


@needs_helm
def test_helms_own_reason_is_one_line(repository: Path) -> None:
    (repository / "chart/templates/bad.yaml").write_text('{{ required "a colour is needed" .Values.colour }}')
    with pytest.raises(ClusterError, match="a colour is needed") as error:
        built(repository)
    assert "\n" not in str(error.value)


def test_the_list_that_helms_error_announces_is_told_too() -> None:
    told = "Error: values don't meet the specifications of the following chart(s):\nsmall:\n- a: wrong\n"
    assert helm.reason(told).endswith("following chart(s): small: - a: wrong")


def test_without_helm_nobody_is_to_blame(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(helm.HelmMissingError):
        built(repository)


def test_without_a_namespace_helm_is_told_none(repository: Path) -> None:
    options = source(repository).options("app", "", "1.34.0")
    assert "--namespace" not in helm.command(repository / "chart", options)
    assert helm.command(repository / "chart", options)[:3] == ("helm", "template", "app")
