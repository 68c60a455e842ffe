"""Two revisions of a small repository of our layout, in real Git, built by real kustomize."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from preflight.cli.diff import diff
from preflight.diff.compare import Difference
from preflight.diff.dangers import Danger, dangers
from preflight.diff.revisions import cluster_names, differences, revision
from preflight.errors import ClusterError
from tests.preflight.conftest import git, needs_kustomize

pytestmark = needs_kustomize

SETS = """
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: platform, namespace: argocd, annotations: {argocd.argoproj.io/sync-wave: "3"}}
spec:
  generators:
    - git:
        repoURL: https://git.example.org/team/app.git
        revision: main
        directories: [{path: cluster-conf/*/overlays/CLUSTER}]
  template:
    metadata: {name: '{{path[1]}}'}
    spec:
      project: platform
      source: {repoURL: https://git.example.org/team/app.git, targetRevision: main, path: '{{path}}'}
      destination: {server: https://kubernetes.default.svc, namespace: none}
      syncPolicy: {syncOptions: [ServerSideApply=true]}
"""
NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, annotations: {argocd.argoproj.io/sync-options: "Prune=false,Delete=false"}}
"""
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: example.org/web:1.0.0
          env: [{name: A, value: a}, {name: B, value: b}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
  namespace: shop
  annotations: {argocd.argoproj.io/sync-options: "Prune=false,Delete=false"}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
MESH = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: mesh}
spec:
  selector: {matchLabels: {app: istiod}}
  template:
    metadata: {labels: {app: istiod}}
    spec: {containers: [{name: discovery, image: "docker.io/istio/pilot:1.29.1"}]}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with one commit, tagged base: namespaces, web and mesh on the cluster local."""
    tree = tmp_path / "tree"
    objects = {"namespaces": NAMESPACE, "web": WEB, "mesh": MESH}
    files = {
        "argocd-apps/overlays/local/kustomization.yaml": "resources: [sets.yaml]\n",
        "argocd-apps/overlays/local/sets.yaml": SETS.replace("CLUSTER", "local"),
    }
    for name, text in objects.items():
        files[f"cluster-conf/{name}/base/kustomization.yaml"] = "resources: [objects.yaml]\n"
        files[f"cluster-conf/{name}/base/objects.yaml"] = text
        files[f"cluster-conf/{name}/overlays/local/kustomization.yaml"] = "resources: [../../base]\n"
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    git(tree, "init", "--quiet", "--initial-branch=main")
    git(tree, "add", ".")
    git(tree, "commit", "--quiet", "--message", "base")
    git(tree, "tag", "base")
    return tree


Compare = Callable[[], tuple[Difference, list[Danger]]]


@pytest.fixture
def compare(tree: Path) -> Compare:
    def compared() -> tuple[Difference, list[Danger]]:
        with revision(tree, "base") as before, revision(tree, None) as after:
            [difference] = differences(before, after, cluster_names(before, after, ""))
        return difference, dangers(difference)

    return compared


def edit(tree: Path, name: str, *pairs: tuple[str, str]) -> None:
    file = tree / f"cluster-conf/{name}/base/objects.yaml"
    text = file.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)


def told(found: list[Danger]) -> list[tuple[str, str, str]]:
    return [(each.id, each.outcome.value, each.object) for each in found]


def test_a_revision_does_not_differ_from_itself(compare: Compare) -> None:
    difference, found = compare()
    assert (difference.applications, difference.not_compared, found) == ((), (), [])


def test_a_changed_image_is_one_field_and_a_restart(tree: Path, compare: Compare) -> None:
    edit(tree, "web", ("web:1.0.0", "web:1.0.1"), ("env: [", "env: [{name: FIRST, value: x}, "))
    difference, found = compare()
    [application] = difference.applications
    [change] = application.objects
    fields = {str(each.path[-1]): (each.before, each.after) for each in change.fields if not each.reordered}
    assert fields["image"] == ("example.org/web:1.0.0", "example.org/web:1.0.1")
    assert set(fields) == {"image", "FIRST"}  # A and B are the same, though they stand elsewhere in the list
    assert told(found) == [("pods-restart", "restarted", "Deployment shop/web")]


def test_a_changed_selector_is_refused(tree: Path, compare: Compare) -> None:
    edit(tree, "web", ("app: web}", "app: site}"))
    _, found = compare()
    assert told(found) == [("immutable-field", "refused", "Deployment shop/web")]
    assert found[0].field == "spec.selector.matchLabels.app"
    assert found[0].file == "cluster-conf/web/base/objects.yaml"


def test_a_removed_folder_removes_its_application(tree: Path, compare: Compare) -> None:
    shutil.rmtree(tree / "cluster-conf/web")
    difference, found = compare()
    assert [(each.name, each.verb) for each in difference.applications] == [("web", "removed")]
    assert told(found) == [
        ("application-removed", "removed", "Application web"),
        ("claim-removed", "kept", "PersistentVolumeClaim shop/data"),
    ]
    assert "1 of those known here; kept by Delete=false: PersistentVolumeClaim shop/data" in found[0].message


def test_an_istio_minor_upgrade_is_a_jump_and_a_restart(tree: Path, compare: Compare) -> None:
    edit(tree, "mesh", ("pilot:1.29.1", "pilot:1.30.0"))
    _, found = compare()
    assert told(found) == [
        ("version-jump", "upgraded", "Application mesh"),
        ("pods-restart", "restarted", "Deployment mesh/istiod"),
    ]
    assert found[0].field == "docker.io/istio/pilot"
    assert "1.29.1 → 1.30.0 (minor)" in found[0].message
    assert "sidecars" in found[0].message


def test_a_renamed_namespace_makes_everything_in_it_anew(tree: Path, compare: Compare) -> None:
    edit(tree, "web", ("namespace: shop", "namespace: store"))
    edit(tree, "namespaces", ("name: shop", "name: store"))
    difference, found = compare()
    assert told(found) == [("namespace-renamed", "recreated", "Namespace store")]
    assert "shop becomes store: 2 objects are made anew" in found[0].message
    assert "claims: 1" in found[0].message
    assert "kept by Prune=false" in found[0].message
    assert {each.verb for each in difference.objects} == {"created", "removed", "replaced"}


def test_what_cannot_be_rendered_is_not_compared(tree: Path, compare: Compare) -> None:
    (tree / "cluster-conf/web/base/objects.yaml").unlink()
    edit(tree, "mesh", ("1.29.1", "1.29.2"))
    difference, _ = compare()
    [missing] = difference.not_compared
    assert (missing.application, missing.reason.split(":")[0]) == ("web", "after")
    assert [each.name for each in difference.applications] == ["mesh"]


def test_a_root_that_does_not_build_leaves_nothing_compared(tree: Path, compare: Compare) -> None:
    (tree / "argocd-apps/overlays/local/sets.yaml").write_text("kind: [")
    difference, found = compare()
    assert {each.application for each in difference.not_compared} == {"root", "namespaces", "web", "mesh"}
    assert (difference.applications, found) == ((), [])


def test_a_new_cluster_is_all_created(tree: Path) -> None:
    shutil.copytree(tree / "argocd-apps/overlays/local", tree / "argocd-apps/overlays/gpu")
    shutil.copytree(tree / "cluster-conf/web/overlays/local", tree / "cluster-conf/web/overlays/gpu")
    sets = tree / "argocd-apps/overlays/gpu/sets.yaml"
    sets.write_text(SETS.replace("CLUSTER", "gpu"))
    with revision(tree, "base") as before, revision(tree, None) as after:
        assert cluster_names(before, after, "") == ["gpu", "local"]
        [gpu] = differences(before, after, ["gpu"])
    assert {each.verb for each in gpu.objects} == {"created"}
    assert {each.name for each in gpu.applications} == {"root", "web"}


def test_the_repository_stays_as_it_is(tree: Path, compare: Compare) -> None:
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    compare()
    assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["nowhere", "--all", "base:argocd-apps"])
def test_an_unknown_revision_is_one_line(tree: Path, name: str) -> None:
    with pytest.raises(ClusterError, match=r"no commit of .*fetch it"), revision(tree, name):
        pass


verb = typer.Typer()
verb.command()(diff)


def run(tree: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(verb, ["base", "--tree", str(tree), *arguments])
    return done.exit_code, done.output


def test_the_verb_speaks_to_people_programs_and_pull_requests(tree: Path) -> None:
    edit(tree, "web", ("web:1.0.0", "web:1.1.0"))
    code, text = run(tree)
    assert code == 0
    assert "example.org/web:1.0.0 → example.org/web:1.1.0" in text
    assert "version-jump" in text
    code, text = run(tree, "--json")
    [local] = json.loads(text)["clusters"]
    assert {each["id"] for each in local["dangers"]} == {"version-jump", "pods-restart"}
    [field] = local["applications"][0]["objects"][0]["fields"]
    assert field["after"] == "example.org/web:1.1.0"
    code, text = run(tree, "--markdown", "--cluster", "local")
    assert "+ spec.template.spec.containers[web].image: example.org/web:1.1.0" in text


def test_the_exit_status_is_of_dangers_only_when_asked(tree: Path) -> None:
    assert run(tree, "--exit-code")[0] == 0
    edit(tree, "web", ("web:1.0.0", "web:1.1.0"))
    assert run(tree)[0] == 0
    assert run(tree, "--exit-code")[0] == 1
