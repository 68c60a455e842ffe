"""What Argo CD is told: one value for the fork, one for the mirror, and waves that wait for each other."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from preflight.render.kustomize import build
from preflight.render.resources import WAVE
from tests.preflight.conftest import needs_kustomize

ROOT = Path(__file__).parents[4]
OVERLAYS = sorted((ROOT / "argocd-apps/overlays").iterdir())
FORK, MIRROR = "https://git.example.net/team/fork.git", "https://mirror.example.net"

pytestmark = needs_kustomize


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    """The part of the tree that names repositories, with the values of a fork."""
    for folder in ("argocd-apps", "cluster-conf/settings"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    settings = tmp_path / "cluster-conf/settings/settings.yaml"
    text = settings.read_text()
    for key, value in {"repoURL": FORK, "revision": "stable", "mirror": MIRROR}.items():
        text = re.sub(rf"(?m)^  {key}: .*$", f"  {key}: {value}", text)
    settings.write_text(text)
    return tmp_path


def objects(tree: Path, cluster: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(build(tree / "argocd-apps/overlays" / cluster)))


def values(body: object, *keys: str) -> Iterator[str]:
    """Every text that stands under one of the keys, at any depth."""
    if isinstance(body, dict):
        for key, value in body.items():
            found = value if isinstance(value, list) else [value]
            yield from (each for each in found if key in keys and isinstance(each, str))
            yield from values(value, *keys)
    elif isinstance(body, list):
        for each in body:
            yield from values(each, *keys)


@pytest.mark.parametrize("cluster", [path.name for path in OVERLAYS])
def test_one_value_moves_every_repository(fork: Path, cluster: str) -> None:
    made = objects(fork, cluster)
    addresses = set(values(made, "repoURL", "sourceRepos"))
    upstream = {address for address in addresses if address != FORK}
    assert FORK in addresses
    assert upstream, "the mirror's repositories are allow-listed"
    assert all(re.fullmatch(rf"{MIRROR}/[\w.-]+/[\w.-]+", address) for address in upstream)
    assert set(values(made, "revision", "targetRevision")) == {"stable"}
    assert "CLUSTER" not in str(made)


@pytest.mark.parametrize("cluster", [path.name for path in OVERLAYS])
def test_a_project_may_list_other_hosts(fork: Path, cluster: str) -> None:
    others = ["https://gitlab.com/group/sub/charts", "ghcr.io/team/charts", "git@git.example.org:team/x.git"]
    file = fork / "argocd-apps/base/projects.yaml"
    upstream = "    - mirror/prometheus-community/helm-charts\n"
    listed = "".join(f"    - {each}\n" for each in others)
    file.write_text(file.read_text().replace(upstream, upstream + listed))
    projects = [body for body in objects(fork, cluster) if body["kind"] == "AppProject"]
    repositories = {body["metadata"]["name"]: body["spec"]["sourceRepos"] for body in projects}
    assert repositories["platform"][-3:] == others
    assert repositories["platform"][:2] == [FORK, f"{MIRROR}/bitnami-labs/sealed-secrets"]


OTHERS = """
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: reviews}
spec:
  generators: [{pullRequest: {github: {owner: team, repo: app}}}, {clusters: {}}]
  template: {metadata: {name: '{{.name}}'}, spec: {project: platform}}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: podinfo}
spec:
  project: platform
  sources: [{repoURL: ghcr.io/stefanprodan/charts, chart: podinfo, targetRevision: 6.7.1}]
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: guests}
spec: {sourceRepos: [https://gitlab.com/guests/app]}
"""


def test_what_reads_elsewhere_is_left_as_it_is_written(fork: Path) -> None:
    """A set of another generator, a chart of a registry and a project of another host stop no render."""
    file = fork / "argocd-apps/base/sets.yaml"
    file.write_text(file.read_text().rstrip() + OTHERS)
    made = {(body["kind"], body["metadata"]["name"]): body["spec"] for body in objects(fork, "local")}
    assert [list(each) for each in made["ApplicationSet", "reviews"]["generators"]] == [
        ["pullRequest"],
        ["clusters"],
    ]
    assert made["Application", "podinfo"]["sources"][0]["repoURL"] == "ghcr.io/stefanprodan/charts"
    assert made["AppProject", "guests"]["sourceRepos"] == ["https://gitlab.com/guests/app"]


@pytest.mark.parametrize("folder", ["argocd-apps", "cluster-conf"])
def test_no_other_file_names_the_fork(folder: str) -> None:
    settings = ROOT / "cluster-conf/settings/settings.yaml"
    address = yaml.safe_load(settings.read_text())["data"]["repoURL"]
    named = [path for path in (ROOT / folder).rglob("*.yaml") if address in path.read_text()]
    assert [path for path in named if path != settings] == []


@pytest.mark.parametrize("cluster", [path.name for path in OVERLAYS])
def test_a_person_applies_the_root_and_its_projects_alone(cluster: str) -> None:
    made = objects(ROOT, cluster)
    labels = {id(body): body["metadata"].get("labels") or {} for body in made}
    applied = [body for body in made if labels[id(body)].get("app.kubernetes.io/component") == "bootstrap"]
    assert sorted(f"{body['kind']} {body['metadata']['name']}" for body in applied) == [
        "AppProject ml",
        "AppProject platform",
        "Application root",
    ]
    assert all(body["metadata"]["namespace"] == "argocd" for body in made)


def test_the_root_comes_after_every_wave_it_would_otherwise_wait_in() -> None:
    waves = {
        f"{body['kind']} {body['metadata']['name']}": int(body["metadata"]["annotations"][WAVE])
        for body in objects(ROOT, "local")
    }
    sets = ["foundations", "network", "login", "platform", "profiles", "work"]
    assert [waves[f"ApplicationSet {name}"] for name in sets] == [0, 1, 2, 3, 4, 5]
    assert waves["Application root"] == max(waves.values())


def test_every_folder_belongs_to_one_wave() -> None:
    """The set `platform` takes the rest: what it excludes is exactly what the others name.

    But for the models, whose folders are one level deeper than it looks.
    """
    sets = {body["metadata"]["name"]: body for body in objects(ROOT, "local") if "generators" in body["spec"]}
    listed = {
        entry["path"]: bool(entry.get("exclude"))
        for entry in sets.pop("platform")["spec"]["generators"][0]["git"]["directories"]
    }
    assert listed.pop("cluster-conf/*/overlays/local") is False
    others = set(values([body["spec"]["generators"] for body in sets.values()], "path"))
    models = "cluster-conf/models/*/overlays/local"
    assert set(listed) == others - {models}
    assert models in others
    assert all(listed.values())


def test_an_application_renders_again_for_every_folder_that_it_reads() -> None:
    """The paths in the sets' annotation: a push elsewhere would go unnoticed."""
    template = yaml.safe_load((ROOT / "argocd-apps/base/template.yaml").read_text())["spec"]["template"]
    watched = template["metadata"]["annotations"]["argocd.argoproj.io/manifest-generate-paths"].split(";")
    for file in sorted((ROOT / "cluster-conf").rglob("kustomization.yaml")):
        component = file.relative_to(ROOT / "cluster-conf").parts[0]
        folders = [
            ROOT / path.strip("/").replace("{{index .path.segments 1}}", component) for path in watched
        ]
        for entry in re.findall(r"(?<![\w/])\.\./[\w./-]+", file.read_text()):
            read = (file.parent / entry).resolve()
            assert any(read.is_relative_to(folder) for folder in folders), f"{file}: {entry}"


def test_a_second_model_is_a_copy_of_the_folder_with_another_name(tmp_path: Path) -> None:
    for folder in ("cluster-conf/components", "cluster-conf/models"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    models = tmp_path / "cluster-conf/models"
    shutil.copytree(models / "segmentation", models / "breeds")
    for file in (models / "breeds").rglob("*.yaml"):
        file.write_text(file.read_text().replace("segmentation", "breeds"))
    for overlay in ("gpu", "local"):
        made = {
            f"{body['kind']} {body['metadata']['name']}": yaml.safe_dump(body)
            for body in yaml.safe_load_all(build(models / f"breeds/overlays/{overlay}"))
        }
        assert "SeldonDeployment breeds" in made
        assert not [name for name, text in made.items() if "segmentation" in text or "NAME" in text]
