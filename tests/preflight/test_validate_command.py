"""`preflight validate` itself, on a repository of one application: what it prints, writes and returns."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.preflight.conftest import ROOT, needs_kustomize

pytestmark = needs_kustomize
PREFLIGHT = Path(sys.executable).with_name("preflight")
KEPT = (
    '{argocd.argoproj.io/sync-options: "Prune=false,Delete=false", '
    "argocd.argoproj.io/compare-options: IgnoreExtraneous}"
)
PLACE = "cluster-conf/web/overlays/local"
APPS = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: platform, namespace: argocd}
spec:
  sourceRepos: [https://example.org/a/b]
  destinations:
    - {server: https://kubernetes.default.svc, namespace: argocd}
    - {server: https://kubernetes.default.svc, namespace: web}
  clusterResourceWhitelist: [{group: "", kind: Namespace}]
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: platform, namespace: argocd, annotations: {argocd.argoproj.io/sync-wave: "1"}}
spec:
  generators:
    - git:
        repoURL: https://example.org/a/b
        revision: main
        directories: [{path: cluster-conf/*/overlays/local}]
  template:
    metadata: {name: "{{path[1]}}"}
    spec:
      project: platform
      source: {repoURL: https://example.org/a/b, targetRevision: main, path: "{{path}}"}
      destination: {server: https://kubernetes.default.svc, namespace: web}
      syncPolicy: {syncOptions: [ServerSideApply=true]}
"""
NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: %s
  labels: {pod-security.kubernetes.io/enforce: restricted}
  annotations: %s
---
"""
SETTINGS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: web}
data: {colour: red}
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    texts = {
        "argocd-apps/overlays/local/kustomization.yaml": "resources: [apps.yaml]\n",
        "argocd-apps/overlays/local/apps.yaml": APPS,
        f"{PLACE}/kustomization.yaml": "resources: [objects.yaml]\n",
        f"{PLACE}/objects.yaml": NAMESPACE % ("argocd", KEPT) + NAMESPACE % ("web", KEPT) + SETTINGS,
    }
    for name, text in texts.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    (tree / "cluster-conf/schemas").symlink_to(ROOT / "cluster-conf/schemas")
    return tree


@pytest.fixture
def validate(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, on that repository, with an empty cache and an empty mirror."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PYLIB_MIRROR", (tmp_path / "nowhere").as_uri())

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [PREFLIGHT, "validate", "--tree", tree, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    return run


def plant(tree: Path) -> None:
    file = tree / PLACE / "objects.yaml"
    file.write_text(file.read_text().replace("data: {colour: red}", "dada: {colour: red}"))


def test_a_sound_repository_passes_strictly_too(validate: Run) -> None:
    done = validate("--strict")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("local: 0 findings in 1 applications, ")


def test_a_fault_is_an_error_in_a_table_in_json_and_in_sarif(
    validate: Run, tree: Path, tmp_path: Path
) -> None:
    plant(tree)
    done = validate("--cluster=local", "--json", f"--sarif={tmp_path / 'report.sarif'}")
    assert done.returncode == 1
    assert "1 findings; fix them, or waive one" in done.stderr
    [report] = json.loads(done.stdout)
    [finding] = report["findings"]
    assert finding["message"] == "there is no field dada; did you mean data?"
    place = {"id": "schema-unknown-field", "object": "ConfigMap web/settings", "field": "dada"}
    assert finding.items() >= {**place, "file": f"{PLACE}/objects.yaml", "application": "web"}.items()
    [run] = json.loads((tmp_path / "report.sarif").read_text())["runs"]
    [result] = run["results"]
    [location] = result["locations"]
    assert (result["ruleId"], result["level"]) == ("schema-unknown-field", "error")
    assert location["physicalLocation"]["artifactLocation"]["uri"] == f"{PLACE}/objects.yaml"
    lines = (tree / PLACE / "objects.yaml").read_text().splitlines()
    assert lines[location["physicalLocation"]["region"]["startLine"] - 1].startswith("dada:")


def test_the_table_names_rule_object_and_place(validate: Run, tree: Path) -> None:
    plant(tree)
    done = validate()
    assert done.returncode == 1
    for part in (
        "schema-unknown-field",
        "ConfigMap web/settings",
        f"{PLACE}/objects.yaml",
        "did you mean data?",
    ):
        assert part in done.stdout


def test_what_could_not_be_rendered_is_told_and_an_error_where_that_is_asked(
    validate: Run, tree: Path
) -> None:
    overlay = tree / "cluster-conf/upstream/overlays/local/kustomization.yaml"
    overlay.parent.mkdir(parents=True)
    overlay.write_text("resources: ['https://github.com/example/upstream//base?ref=v1']\n")
    done = validate()
    assert done.returncode == 0
    assert "not checked upstream: example/upstream@v1: not in the cache" in done.stdout
    strict = validate("--strict")
    assert strict.returncode == 1
    assert "0 findings in what could be looked at, and 1 not checked, 0 not judged" in strict.stderr


def test_what_nobody_can_build_is_a_finding(validate: Run, tree: Path) -> None:
    (tree / PLACE / "objects.yaml").unlink()
    done = validate()
    assert done.returncode == 1
    assert "build-failed" in done.stdout
    assert "not checked web" not in done.stdout
    assert f"{PLACE}/objects.yaml: no such file" in done.stdout


def test_a_cluster_that_is_not_there_names_those_that_are(validate: Run) -> None:
    done = validate("--cluster=moon")
    assert done.returncode == 1
    assert "--cluster moon: there is local" in done.stderr


def test_what_a_missing_application_cannot_reach_is_judged_and_the_rest_is_named(
    validate: Run, tree: Path, tmp_path: Path
) -> None:
    """`upstream` speaks of namespace web only: a Service there may have its pods, one of argocd has none."""
    overlay = tree / "cluster-conf/upstream/overlays/local/kustomization.yaml"
    overlay.parent.mkdir(parents=True)
    overlay.write_text("resources: ['https://github.com/example/upstream//base?ref=v1']\nnamespace: web\n")
    file = tree / PLACE / "objects.yaml"
    for space in ("web", "argocd"):
        service = {"selector": {"app": "gone"}, "ports": [{"port": 80, "targetPort": 80, "protocol": "TCP"}]}
        body = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "shop", "namespace": space},
            "spec": service,
        }
        file.write_text(f"{file.read_text()}---\n{json.dumps(body)}\n")
    done = validate("--json", f"--sarif={tmp_path / 'report.sarif'}")
    [report] = json.loads(done.stdout)
    assert [(each["id"], each["object"]) for each in report["findings"]] == [
        ("dangling-service", "Service argocd/shop")
    ]
    [doubt] = report["not_judged"]
    assert doubt["finding"]["object"] == "Service web/shop"
    assert doubt["because"][0]["application"] == "upstream"
    table = validate().stdout
    assert (
        "not judged: dangling-service 1 object (Service web/shop), because upstream could not be ren" in table
    )
    assert "1 findings in what could be looked at" in table
    assert f"in {tree}" in table


def test_an_image_without_a_digest_was_looked_at(validate: Run, tree: Path) -> None:
    (tree / "images.lock").write_text("serve: ghcr.io/example/images-serve:0.1.0\n")
    assert validate("--strict").returncode == 0


def test_it_looks_at_the_checkout_that_it_is_called_in(tree: Path, tmp_path: Path) -> None:
    def called_in(folder: Path) -> subprocess.CompletedProcess[str]:
        command = [PREFLIGHT, "validate"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)

    done = called_in(tree / "cluster-conf/web")
    assert (done.returncode, done.stdout.startswith("local: 0 findings in 1 applications, ")) == (0, True)
    assert done.stdout.rstrip().endswith(f"in {tree}")
    outside = called_in(tmp_path)
    assert (outside.returncode, outside.stdout, len(outside.stderr.splitlines())) == (1, "", 1)
    assert "no checkout with argocd-apps and cluster-conf encloses it" in outside.stderr


def test_a_report_that_cannot_be_written_is_one_line_before_anything_is_built(
    validate: Run, tmp_path: Path
) -> None:
    done = validate(f"--sarif={tmp_path / 'none' / 'report.sarif'}")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "there is no folder" in done.stderr


def test_rules_lists_every_rule_with_its_reason() -> None:
    from preflight import rules
    from preflight.registry import reasons

    done = subprocess.run([PREFLIGHT, "rules", "--json"], capture_output=True, text=True, check=True)
    listed = json.loads(done.stdout)
    rules.every()
    assert {each["id"]: each["reason"] for each in listed} == reasons()
    assert {each["phase"] for each in listed} == {"schemas", "objects", "always"}
    shown = subprocess.run([PREFLIGHT, "rules"], capture_output=True, text=True, check=True).stdout
    assert all(each["id"] in shown for each in listed)


def test_packages_that_a_training_environment_lacks_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "jsonschema_rs.py").write_text("raise ModuleNotFoundError('gone', name='jsonschema_rs')\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([PREFLIGHT, "rules"], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1
    expected = "error: the package jsonschema_rs is missing; ./environments.sh preflight installs it\n"
    assert done.stderr == expected


def test_a_picture_that_lacks_something_does_not_take_the_place_of_a_whole_one(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYLIB_MIRROR", (tmp_path / "nowhere").as_uri())
    kustomization = tree / PLACE / "kustomization.yaml"
    told = kustomization.read_text()
    kustomization.write_text(
        told.replace("resources:", "resources:\n  - https://github.com/o/n//p?ref=v1", 1)
    )
    command = [PREFLIGHT, "graph", "--tree", tree]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "docs/cluster-local.svg stays; --out FILE draws what there is" in done.stderr
    assert not (tree / "docs/cluster-local.svg").exists()
    done = subprocess.run([*command, "--out", tmp_path / "some.svg"], timeout=120, check=False)
    assert done.returncode == 0
    assert (tmp_path / "some.svg").is_file()


@pytest.mark.parametrize("verb", ["validate", "graph", "schemas", "inventory", "images", "add web"])
def test_a_tree_that_holds_no_cluster_is_an_error_and_stays_as_it_is(tmp_path: Path, verb: str) -> None:
    command = [PREFLIGHT, *verb.split(), "--tree", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "no checkout with argocd-apps and cluster-conf encloses it" in done.stderr
    assert list(tmp_path.iterdir()) == []
