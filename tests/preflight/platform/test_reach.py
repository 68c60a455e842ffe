"""What an application that could not be rendered may have brought, by its project and its files."""

from dataclasses import replace
from pathlib import Path

import pytest

from preflight.platform.reach import Reach, reaches, source_of
from preflight.render.applications import Application
from preflight.render.cluster import Render, Unchecked
from preflight.render.contents import of_folder
from preflight.render.resources import Origin, Resource
from preflight.render.sources import Source
from tests.preflight.conftest import ROOT, application

PROJECT = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AppProject",
    "metadata": {"name": "platform"},
    "spec": {
        "destinations": [{"namespace": "web"}, {"namespace": "store-*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "CustomResourceDefinition"}],
        "namespaceResourceWhitelist": [
            {"group": "", "kind": "Service"},
            {"group": "apps", "kind": "Deployment"},
        ],
    },
}
CHART = {"sources": (Source("https://example.org/a/charts", "chart", "v1"),), "made_by_set": False}
BASE = "https://github.com/example/upstream//base?ref=v1"


def reach(tree: Path, made: Application) -> Reach:
    project = Resource("root", PROJECT, Origin("argocd-apps/base/projects.yaml", upstream=False))
    render = Render(
        "local", tree, {made.name: made}, [project], [Unchecked(made.name, "helm is not on PATH")]
    )
    [found] = reaches(render)
    return found


def folder(tree: Path, **files: str) -> Application:
    for name, text in files.items():
        file = tree / "cluster-conf/app/overlays/local" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return application("app", namespace="none")


def test_a_chart_writes_into_its_destination_what_its_project_allows(tmp_path: Path) -> None:
    found = reach(tmp_path, replace(application("chart", namespace="web", owner="crds"), **CHART))
    assert found.title == "crds/chart"
    assert found.may_bring("Service", "web")
    assert not found.may_bring("Service", "store-a")  # its project's, and another's namespace
    assert not found.may_bring("NetworkPolicy", "web")
    assert found.may_bring("CustomResourceDefinition")
    assert not found.may_bring("ClusterRole")
    assert (found.may_bring_anywhere("Service"), found.may_bring_anywhere("Secret")) == (True, False)


def test_crds_come_of_the_repository_that_their_table_names(tmp_path: Path) -> None:
    found = reach(tmp_path, replace(application("chart", namespace="web", owner="crds"), **CHART))
    assert (found.may_define("a/charts"), found.may_define("b/others"), found.may_define("")) == (
        True,
        False,
        True,
    )
    render = Render("local", ROOT, {}, [])
    assert source_of(render, "kubeflow.org", "Profile") == "kubeflow/community-distribution"
    assert source_of(render, "example.org", "Widget") == ""
    assert source_of(render, "kubeflow.org", "Experiment") == ""  # a table of a package, not of a CRD


@pytest.mark.parametrize(
    ("kustomization", "spaces", "kinds"),
    [
        ("resources: [objects.yaml, gone.yaml]\nnamespace: web", {"web"}, None),
        ("resources: [objects.yaml]", {"store-a"}, {"Service"}),
        (
            "resources: [objects.yaml]\nconfigMapGenerator: [{name: a}]",
            {"store-a", "none"},
            {"Service", "ConfigMap"},
        ),
        (
            f"resources: ['{BASE}']\npatches: [{{patch: 'metadata: {{name: a, namespace: web}}'}}]",
            {"web"},
            None,
        ),
        (f"resources: ['{BASE}']", None, None),
        ("resources: [objects.yaml", None, None),
        ("resources: [objects.yaml]\nhelmCharts: [{name: a}]", {"store-a"}, None),
    ],
)
def test_a_folder_is_read_though_it_cannot_be_built(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kustomization: str,
    spaces: set[str] | None,
    kinds: set[str] | None,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    objects = "kind: Service\nmetadata: {name: a, namespace: store-a}\n"
    mentioned = "" if spaces is None else objects
    made = folder(
        tmp_path,
        kustomization=kustomization,
        **({"objects": mentioned} if "objects" in kustomization and mentioned else {}),
    )
    found = of_folder(tmp_path, made)
    assert (found.namespaces, found.kinds) == (spaces and frozenset(spaces), kinds and frozenset(kinds))


def test_an_application_that_nobody_knows_may_bring_anything(tmp_path: Path) -> None:
    render = Render("local", tmp_path, {}, [], [Unchecked("root", "broken")])
    [found] = reaches(render)
    assert found.may_bring("Anything", "anywhere")
    assert found.may_define("any/repository")
