"""Sets evaluated as Argo CD's controller does it: what each generator makes, and what stops it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from preflight.render.resources import Origin, Resource
from preflight.render.sets.expand import Expansion, expand, names
from preflight.render.unavailable import UnavailableError

OURS = "https://git.example.org/team/app.git"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in (
        "apps/web/overlays/local",
        "apps/api/overlays/local",
        "apps/api/overlays/gpu",
        ".hidden/x/overlays/local",
    ):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/one.yaml").write_text("name: one\nport: 8080\ncluster: {region: north}\n")
    (tmp_path / "config/more.json").write_text('[{"name": "two"}, {"name": "three"}]')
    (tmp_path / "config/deep").mkdir()
    (tmp_path / "config/deep/four.yaml").write_text("name: four\n")
    return tmp_path


def made(tree: Path, generators: str, template: str = "", **spec: Any) -> Expansion:
    def checkout(url: str, revision: str) -> Path:
        if url != OURS:
            raise UnavailableError(f"{url} does not answer")
        return tree

    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": "set", "namespace": "argocd"},
        "spec": {
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "generators": yaml.safe_load(generators.replace("OURS", OURS)),
            "template": yaml.safe_load(
                template or "metadata: {name: '{{.name}}'}\nspec: {project: platform}"
            ),
            **spec,
        },
    }
    return expand(Resource("root", body, Origin("sets.yaml", upstream=False)), checkout)


def told(found: Expansion) -> str:
    return "; ".join(each.message for each in [*found.refused, *found.unknown])


SELECTED = """
- list: {elements: [{name: a, tier: x}, {name: b, tier: y}]}
  selector: {matchLabels: {tier: y}}
"""
MATRIX = """
- matrix:
    generators:
      - list: {elements: [{n: a}, {n: b}]}
      - list: {elements: [{name: 'x-{{.n}}'}]}
"""
MERGE = """
- merge:
    mergeKeys: [k]
    generators:
      - list: {elements: [{k: '1', name: a}, {k: '2', name: b}]}
      - list: {elements: [{k: '2', name: c}, {k: '3', name: d}]}
"""
PREFIXED = """
- matrix:
    generators:
      - clusters: {}
      - git: {repoURL: OURS, directories: [{path: 'apps/*'}], pathParamPrefix: of, values: {at: '{{.name}}'}}
"""
PATCH = """
spec:
  project: other
  source: {helm: null, path: 'b-{{.name}}'}
{{- if eq .name "a"}}
  info: [x]
{{- end}}
"""
FOLDERS = """
- git:
    repoURL: OURS
    revision: main
    directories: [{path: apps/*/overlays/local}, {path: apps/web/overlays/*, exclude: true}]
    values: {who: '{{index .path.segments 1}}-{{.path.basename}}'}
"""


def test_a_folder_is_an_application_and_an_exclusion_wins(tree: Path) -> None:
    template = "metadata: {name: '{{.values.who}}'}\nspec: {source: {path: '{{.path.path}}'}}"
    found = made(tree, FOLDERS, template)
    assert told(found) == ""
    [application] = found.applications
    assert application["metadata"]["name"] == "api-local"
    assert application["metadata"]["namespace"] == "argocd"
    assert application["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
    assert application["spec"]["source"]["path"] == "apps/api/overlays/local"


def test_without_go_templates_the_same_folder_has_flat_parameters(tree: Path) -> None:
    generators = FOLDERS.replace(
        "'{{index .path.segments 1}}-{{.path.basename}}'", "'{{path[1]}}-{{path.basename}}'"
    )
    found = made(tree, generators, "metadata: {name: '{{values.who}}-{{nothing}}'}", goTemplate=False)
    assert list(names(found)) == ["api-local-{{nothing}}"]


def test_a_file_is_an_application_or_several(tree: Path) -> None:
    files = "[{path: 'config/**'}, {path: config/deep/*, exclude: true}]"
    found = made(tree, f"- git: {{repoURL: OURS, revision: main, files: {files}}}")
    assert list(names(found)) == ["two", "three", "one"]
    template = (
        "metadata: {name: '{{.name}}'}\nspec: {info: ['{{.port}} {{.cluster.region}} {{.path.filename}}']}"
    )
    [one] = made(tree, "- git: {repoURL: OURS, files: [{path: config/one.yaml}]}", template).applications
    assert one["spec"]["info"] == ["8080 north one.yaml"]


@pytest.mark.parametrize(
    ("generators", "expected"),
    [
        ("[{list: {elements: [{name: a}, {name: b}]}}]", ["a", "b"]),
        ("[{list: {elements: [], elementsYaml: '[{name: a}]'}}]", ["a"]),
        ("[{clusters: {}}]", ["in-cluster"]),
        ("[{clusters: {values: {name: x}}}]", ["in-cluster"]),
        (SELECTED, ["b"]),
        (MATRIX, ["x-a", "x-b"]),
        (MERGE, ["a", "c"]),
        (PREFIXED, ["in-cluster", "in-cluster"]),
        ("[{list: {elements: [{name: a}], template: {metadata: {name: 'own-{{.name}}'}}}}]", ["own-a"]),
    ],
)
def test_a_generator_makes_what_the_controller_makes(
    tree: Path, generators: str, expected: list[str]
) -> None:
    found = made(tree, generators)
    assert told(found) == ""
    assert list(names(found)) == expected


@pytest.mark.parametrize(
    ("generators", "said"),
    [
        ("[{list: {elements: [{nome: a}]}}]", 'map has no entry for key "name"'),
        ("[{lists: {elements: []}}]", "a generator is one of list, clusters, git"),
        ("[]", "it has no generator"),
        ("[{git: {repoURL: OURS}}]", "neither directories nor files"),
        ("[{matrix: {generators: [{clusters: {}}]}}]", "its matrix has 1 generators"),
        ("[{merge: {generators: [{clusters: {}}, {clusters: {}}]}}]", "its merge needs"),
        ("[{list: a}]", "not of its kind's shape"),
    ],
)
def test_what_the_controller_refuses_is_told(tree: Path, generators: str, said: str) -> None:
    found = made(tree, generators)
    assert (found.unknown, found.applications) == ([], [])
    assert said in told(found)


@pytest.mark.parametrize(
    ("generators", "said"),
    [
        (
            "[{scmProvider: {github: {}}}]",
            "its generator scmProvider reads a Git host's list of repositories",
        ),
        ("[{pullRequest: {}}]", "a Git host's list of pull requests"),
        ("[{clusterDecisionResource: {}}]", "objects that a cluster holds"),
        ("[{plugin: {}}]", "a plugin's own service"),
        ("[{clusters: {selector: {matchLabels: {a: b}}}}]", "Secrets, which are not in Git"),
        ("[{git: {repoURL: 'https://gone.example.org/a/b', directories: [{path: '*'}]}}]", "does not answer"),
    ],
)
def test_what_only_others_know_is_listed_and_hides_nothing(tree: Path, generators: str, said: str) -> None:
    found = made(
        tree, yaml.safe_dump([*yaml.safe_load(generators), {"list": {"elements": [{"name": "known"}]}}])
    )
    assert found.refused == []
    assert said in told(found)
    assert "known" in list(names(found))


def test_a_function_that_is_not_evaluated_here_is_no_fault(tree: Path) -> None:
    found = made(tree, "[{list: {elements: [{name: a}]}}]", "metadata: {name: '{{genCA .name 1}}'}")
    assert (found.refused, found.applications) == ([], [])
    assert "the template function genCA is not evaluated here" in told(found)


def test_a_patch_is_merged_and_never_changes_the_project(tree: Path) -> None:
    template = "metadata: {name: '{{.name}}'}\nspec: {project: platform, source: {path: a, helm: {x: 1}}}"
    found = made(tree, "[{list: {elements: [{name: a}, {name: b}]}}]", template, templatePatch=PATCH)
    assert told(found) == ""
    one, two = (each["spec"] for each in found.applications)
    assert one == {"project": "platform", "source": {"path": "b-a"}, "info": ["x"]}
    assert two == {"project": "platform", "source": {"path": "b-b"}}


def test_one_missing_key_is_told_once_and_the_others_are_made(tree: Path) -> None:
    found = made(tree, "[{list: {elements: [{name: a}, {x: '1'}, {other: b}, {name: c}]}}]")
    assert list(names(found)) == ["a", "c"]
    assert len(found.refused) == 1
