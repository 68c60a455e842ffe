"""`preflight add`: what it writes passes the check as it is, and what it refuses it leaves alone."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from preflight import scaffold
from preflight.errors import ConfigurationError
from preflight.findings import Finding
from preflight.validate import Report, validate

from .conftest import CHECKED, copy_of_repository, git, needs_kustomize

PREFLIGHT = Path(sys.executable).with_name("preflight")
LISTS = {
    "argocd-apps/base/projects.yaml",
    "cluster-conf/namespaces/base/default-deny.yaml",
    "cluster-conf/namespaces/base/namespaces.yaml",
}
SECRETS = "cluster-conf/secrets.yaml"
OVERLAYS = {"overlays/gpu/kustomization.yaml", "overlays/local/kustomization.yaml"}
IMAGE = "registry.example.org/web/web:1.2.0"
# Of the tag that most components stand on, so that what is cached for them is enough.
UPSTREAM = "kubeflow/community-distribution/applications/tensorboard/tensorboards-web-app/upstream/base@26.03"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the check reads of this repository, committed."""
    copy = copy_of_repository(tmp_path / "copy", *CHECKED)
    git(copy, "init", "--quiet")
    git(copy, "add", ".")
    git(copy, "commit", "--quiet", "--message", "before")
    return copy


def add(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command itself, from a folder of the checkout."""
    command = [PREFLIGHT, "add", *arguments]
    return subprocess.run(command, cwd=tree / "cluster-conf", capture_output=True, text=True, check=False)


def changed(tree: Path) -> dict[str, str]:
    """The files that differ from the commit: `edited`, or `new`."""
    edited = git(tree, "diff", "--name-only").splitlines()
    new = git(tree, "ls-files", "--others", "--exclude-standard").splitlines()
    return dict.fromkeys(edited, "edited") | dict.fromkeys(new, "new")


def written(name: str, *base: str) -> set[str]:
    """The files of a component with these files in its base."""
    inside = {*OVERLAYS, *(f"base/{file}" for file in ("kustomization.yaml", *base))}
    return {f"cluster-conf/{name}/{file}" for file in inside}


@pytest.mark.parametrize(
    ("options", "base", "lists"),
    [
        ([], ["account.yaml"], LISTS),
        (["--image", IMAGE], ["workload.yaml"], LISTS),
        (["--image", IMAGE, "--secret", "key=API_KEY,OTHER"], ["workload.yaml"], LISTS | {SECRETS}),
        (["--upstream", UPSTREAM], [], LISTS),
    ],
)
def test_it_writes_the_folder_and_the_lists_and_nothing_else(
    tree: Path, options: list[str], base: list[str], lists: set[str]
) -> None:
    done = add(tree, "shop", *options)
    assert (done.returncode, done.stderr) == (0, "")
    expected = dict.fromkeys(lists, "edited") | dict.fromkeys(written("shop", *base), "new")
    assert changed(tree) == expected
    assert {line.split()[1] for line in done.stdout.splitlines() if line.startswith("wrote")} == set(expected)


@pytest.mark.parametrize("name", ["aardvark", "keycloak", "zookeeper"])
def test_the_lists_stay_in_their_order_and_lose_no_line(tree: Path, name: str) -> None:
    former = in_lists(tree)
    assert add(tree, name).returncode == 0
    for file, names in in_lists(tree).items():
        place = names.index(name)
        assert [each for each in names if each != name] == former[file]
        # The first has the file's head before it; `none`, which does not exist, is the project's last.
        assert all(each < name for each in names[1:place])
        assert all(each > name for each in names[place + 1 :] if each != "none")
    assert not [line for line in git(tree, "diff", "--unified=0").splitlines() if line.startswith("-  ")]


def in_lists(tree: Path) -> dict[str, list[str]]:
    """The namespaces that each list names, in its order."""
    texts = {file: list(yaml.safe_load_all((tree / file).read_text())) for file in LISTS}
    project = next(
        body for body in texts["argocd-apps/base/projects.yaml"] if body["metadata"]["name"] == "platform"
    )
    named = {
        file: [body["metadata"].get("namespace", body["metadata"]["name"]) for body in bodies]
        for file, bodies in texts.items()
    }
    destinations = [each["namespace"] for each in project["spec"]["destinations"]]
    return named | {"argocd-apps/base/projects.yaml": destinations}


@needs_kustomize
@pytest.mark.parametrize("cluster", ["gpu", "local"])
def test_the_check_finds_nothing_new(tree: Path, clean: dict[str, Report], cluster: str) -> None:
    added = [
        ("bare",),
        ("shop", "--image", IMAGE, "--secret", "key=API_KEY,OTHER"),
        ("pinned", "--image", f"registry.example.org/pinned@sha256:{'a' * 64}"),
    ]
    for arguments in added:
        assert add(tree, *arguments).returncode == 0
    report = validate(tree, cluster)
    assert told(report.findings) == told(clean[cluster].findings)
    assert report.applications == clean[cluster].applications + len(added)
    assert {each.application for each in report.unchecked} == {
        each.application for each in clean[cluster].unchecked
    }
    before = {each.finding for each in clean[cluster].not_judged}
    new = {each.finding.object for each in report.not_judged if each.finding not in before}
    assert {each.partition(" ")[2].partition("/")[0] for each in new} <= {each[0] for each in added}


def told(findings: list[Finding]) -> set[str]:
    """What is found, each as one text."""
    return {str(each) for each in findings}


@needs_kustomize
def test_an_upstream_is_a_remote_base_at_its_tag(tree: Path) -> None:
    assert add(tree, "shop", "--upstream", UPSTREAM).returncode == 0
    base = yaml.safe_load((tree / "cluster-conf/shop/base/kustomization.yaml").read_text())
    owner, path = (
        "kubeflow/community-distribution",
        "applications/tensorboard/tensorboards-web-app/upstream/base",
    )
    assert base["resources"] == [f"https://github.com/{owner}//{path}?ref=26.03"]
    assert base["namespace"] == "shop"


def test_its_secrets_are_declared_and_read_by_its_pods(tree: Path) -> None:
    assert (
        add(tree, "shop", "--image", IMAGE, "--secret", "key=API_KEY,OTHER", "--secret", "x=Y").returncode == 0
    )
    declared = yaml.safe_load((tree / SECRETS).read_text())
    made = {each["name"]: set(each["keys"]) for each in declared if each["namespace"] == "shop"}
    assert made == {"key": {"API_KEY", "OTHER"}, "x": {"Y"}}
    bodies = yaml.safe_load_all((tree / "cluster-conf/shop/base/workload.yaml").read_text())
    pod = next(body for body in bodies if body["kind"] == "Deployment")["spec"]["template"]["spec"]
    read = [each["valueFrom"]["secretKeyRef"] for each in pod["containers"][0]["env"]]
    assert {(each["name"], each["key"]) for each in read} == {
        ("key", "API_KEY"),
        ("key", "OTHER"),
        ("x", "Y"),
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["mlflow"], "the folder cluster-conf/mlflow"),
        (["settings"], "the folder cluster-conf/settings"),
        (["root"], "an application has that name"),
        (["auth"], "a namespace of project platform"),
        (["ml"], "a namespace of project ml"),
        (["Web"], "a name has"),
        (["a/b"], "a name has"),
        (["x-"], "a name has"),
        (["null"], "no word of YAML's own"),
        (["w" * 64], "1 to 63"),
        (["shop", "--image", "shop"], "a tag other than latest"),
        (["shop", "--image", "example.org:5000/web:latest"], "a tag other than latest"),
        (["shop", "--image", IMAGE, "--upstream", UPSTREAM], "leave one out"),
        (["shop", "--upstream", "kubeflow/manifests/apps"], "OWNER/NAME/PATH@TAG"),
        (["shop", "--secret", "key"], "NAME=KEY"),
        (["shop", "--secret", "key=yes"], "no word of YAML's own"),
        (["shop", "--secret", "a=KEY", "--secret", "b=KEY"], "named twice"),
    ],
)
def test_what_it_refuses_is_one_line_and_nothing_written(tree: Path, arguments: list[str], says: str) -> None:
    done = add(tree, *arguments)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert changed(tree) == {}


def test_a_second_time_is_refused(tree: Path) -> None:
    assert add(tree, "shop").returncode == 0
    before = changed(tree), git(tree, "diff")
    assert "the folder cluster-conf/shop has that name" in add(tree, "shop").stderr
    assert (changed(tree), git(tree, "diff")) == before


def test_a_list_that_is_not_as_expected_is_named(tree: Path) -> None:
    (tree / "cluster-conf/namespaces/base/namespaces.yaml").unlink()
    before = changed(tree)
    done = add(tree, "shop")
    assert done.returncode == 1
    assert "cluster-conf/namespaces/base/namespaces.yaml: No such file" in done.stderr
    assert changed(tree) == before


def test_a_full_disk_leaves_the_checkout_as_it_was(tree: Path) -> None:
    enough_for_all_but_the_longest = (tree / "argocd-apps/base/projects.yaml").stat().st_size - 100
    done = subprocess.run(
        [PREFLIGHT, "add", "shop"],
        cwd=tree,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (enough_for_all_but_the_longest,) * 2),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "File too large; nothing was added" in done.stderr
    assert changed(tree) == {}
    assert not (tree / "cluster-conf/shop").exists()


@given(st.text(max_size=70))
def test_a_name_is_one_that_a_namespace_can_have_and_yaml_reads_as_text(name: str) -> None:
    try:
        made = scaffold.component(name)
    except ConfigurationError:
        return
    assert yaml.safe_load(made.name) == made.name == name
    assert len(name) <= 63
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert name[0].isalpha()
    assert name[-1] != "-"
