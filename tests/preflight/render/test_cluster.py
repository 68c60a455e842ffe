"""A small upstream of our own, in a Git repository, rendered through a mirror, without a network."""

from pathlib import Path

import pytest
import yaml

from preflight.errors import ClusterError
from preflight.render.cluster import Render, render
from tests.preflight.conftest import git, needs_kustomize

pytestmark = needs_kustomize

SET = """
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: %(name)s, namespace: argocd, annotations: {argocd.argoproj.io/sync-wave: "%(wave)s"}}
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
    - git: {repoURL: https://git.example.org/team/app.git, revision: main, directories: [%(directories)s]}
  template:
    metadata: {name: '{{index .path.segments 1}}'}
    spec:
      project: platform
      source: {repoURL: https://git.example.org/team/app.git, targetRevision: main, path: '{{.path.path}}'}
      destination: {server: https://kubernetes.default.svc, namespace: none}
      syncPolicy: {syncOptions: [ServerSideApply=true]}
"""


def write(tree: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = tree / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def config_map(name: str, **data: str) -> str:
    return yaml.safe_dump(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "a"}, "data": data}
    )


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror that holds example/upstream at v1; its base refers to example/deeper, as upstreams do."""
    for name, files in {
        "deeper": {
            "base/kustomization.yaml": "resources: [map.yaml]\n",
            "base/map.yaml": config_map("deeper"),
        },
        "upstream": {
            "base/kustomization.yaml": "resources: [map.yaml, 'https://github.com/example/deeper/base?ref=v1']\n",
            "base/map.yaml": config_map("upstream", colour="red"),
        },
    }.items():
        folder = tmp_path / "mirror" / "example" / name
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet")
        write(folder, files)
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "--message", "v1")
        git(folder, "tag", "v1")
    monkeypatch.setenv("PYLIB_MIRROR", (tmp_path / "mirror").as_uri())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "mirror"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    early = SET % {"name": "early", "wave": 0, "directories": "{path: cluster-conf/first/overlays/local}"}
    glob = "{path: cluster-conf/*/overlays/local}, {path: cluster-conf/first/overlays/local, exclude: true}"
    late = SET % {"name": "late", "wave": 3, "directories": glob}
    write(
        tree,
        {
            "argocd-apps/overlays/local/kustomization.yaml": "resources: [sets.yaml]\n",
            "argocd-apps/overlays/local/sets.yaml": f"{early}---{late}",
            "cluster-conf/first/overlays/local/kustomization.yaml": "resources: [../../base]\n",
            "cluster-conf/first/base/kustomization.yaml": "resources: [map.yaml]\n",
            "cluster-conf/first/base/map.yaml": config_map("ours"),
            "cluster-conf/second/overlays/local/kustomization.yaml": (
                "resources: ['https://github.com/example/upstream//base?ref=v1']\nnameSuffix: -two\n"
            ),
            "cluster-conf/second/overlays/gpu/kustomization.yaml": "resources: []\n",
        },
    )
    return tree


def names(made: Render) -> dict[str, str]:
    return {resource.name: resource.origin.file for resource in made.of("ConfigMap")}


def test_a_folder_is_an_application_of_its_sets_wave(mirror: Path, tree: Path) -> None:
    made = render(tree, "local")
    waves = {application.name: application.wave for application in made.applications.values()}
    assert waves == {"root": -1, "first": 0, "second": 3}


def test_every_object_knows_its_file_through_bases_of_bases(mirror: Path, tree: Path) -> None:
    made = render(tree, "local")
    assert not made.unchecked
    assert names(made) == {
        "ours": "cluster-conf/first/base/map.yaml",
        "upstream-two": "example/upstream@v1:base/map.yaml",
        "deeper-two": "example/deeper@v1:base/map.yaml",
    }
    assert {resource.name for resource in made.resources if resource.origin.upstream} == {
        "upstream-two",
        "deeper-two",
    }
    assert all("config.kubernetes.io/origin" not in resource.annotations for resource in made.resources)


def test_the_repository_is_not_changed_by_a_render(mirror: Path, tree: Path) -> None:
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    render(tree, "local")
    assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == before


def test_once_cached_no_mirror_is_needed(mirror: Path, tree: Path) -> None:
    first = render(tree, "local")
    mirror.rename(mirror.with_name("gone"))
    assert names(render(tree, "local")) == names(first)


def test_what_cannot_be_rendered_is_told_and_the_rest_still_stands(
    mirror: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYLIB_MIRROR", (mirror / "nowhere").as_uri())
    made = render(tree, "local")
    [unchecked] = made.unchecked
    assert unchecked.application == "second"
    nowhere = f"{(mirror / 'nowhere').as_uri()}/example/upstream"
    assert unchecked.reason.startswith(
        f"example/upstream@v1: not in the cache, and {nowhere} cannot be fetched"
    )
    assert "ours" in names(made)


def test_a_broken_overlay_is_told_by_its_file(mirror: Path, tree: Path) -> None:
    (tree / "cluster-conf/first/base/map.yaml").unlink()
    made = render(tree, "local")
    [broken] = made.broken
    assert made.unchecked == [broken]
    assert broken.application == "first"
    assert "cluster-conf/first/base/map.yaml" in broken.reason
    assert "\n" not in broken.reason
    assert "pylib-render-" not in broken.reason


def test_nobody_is_to_blame_for_a_base_that_is_not_here(
    mirror: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYLIB_MIRROR", (mirror / "nowhere").as_uri())
    assert render(tree, "local").broken == []


def test_one_process_renders_the_same(mirror: Path, tree: Path) -> None:
    alone, together = render(tree, "local", processes=1), render(tree, "local")
    assert alone.resources == together.resources
    assert alone.applications == together.applications


def test_an_unknown_cluster_names_those_there_are(tree: Path) -> None:
    with pytest.raises(ClusterError, match=r"argocd-apps/overlays/moon: no such cluster; there are: local"):
        render(tree, "moon")
