"""Renders made of a few lines of YAML, and small repositories that kustomize really builds."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from preflight import rules
from preflight.findings import Finding
from preflight.registry import RULES, run
from preflight.render.applications import Application, clusters
from preflight.render.cluster import Render, render
from preflight.render.resources import Origin, Resource
from preflight.validate import Report, validate

# Where CI is set nothing is skipped for want of kustomize: it fails there.
ROOT = Path(__file__).parents[2]
# What the check reads of the repository.
CHECKED = ("argocd-apps", "cluster-conf", "images.lock", "pipelines")


def said(identifier: str, render: Render) -> list[Finding]:
    """What one rule finds."""
    rules.every()
    return run(render, [RULES[identifier]])


needs_kustomize = pytest.mark.skipif(
    not (shutil.which("kustomize") or shutil.which("kubectl") or os.environ.get("CI")),
    reason="kustomize is not on PATH; install it, or kubectl, to build overlays",
)


def application(name: str = "app", wave: int = 3, path: str = "", **changes: object) -> Application:
    """An application of a folder, as a set would make it."""
    values = {
        "project": "platform",
        "path": path or f"cluster-conf/{name}/overlays/local",
        "namespace": "",
        "owner": "platform",
        "sync_options": frozenset({"ServerSideApply=true"}),
    }
    return Application(name=name, wave=wave, **{**values, **changes})


@pytest.fixture
def render_of(tmp_path: Path) -> Callable[..., Render]:
    """`render_of(text, …)`: the objects of a YAML text, or of a file, as one application's render."""

    def make(
        source: str | Path,
        *,
        application_name: str = "app",
        wave: int = 3,
        upstream: bool = False,
        cluster: str = "local",
        tree: Path | None = None,
    ) -> Render:
        text = source.read_text() if isinstance(source, Path) else source
        file = (
            str(source) if isinstance(source, Path) else f"cluster-conf/{application_name}/base/objects.yaml"
        )
        made = application(application_name, wave)
        bodies = [body for body in yaml.safe_load_all(text) if body]
        resources = [Resource(made.name, body, Origin(file, upstream)) for body in bodies]
        return Render(cluster, tree or tmp_path, {made.name: made}, resources)

    return make


@pytest.fixture(scope="session")
def checked_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the check reads of this repository; a test that changes it copies it again."""
    return copy_of_repository(tmp_path_factory.mktemp("checked"), *CHECKED)


@pytest.fixture(scope="session")
def renders(checked_tree: Path) -> dict[str, Render]:
    """Each cluster as it is."""
    return {cluster: render(checked_tree, cluster) for cluster in clusters(checked_tree)}


@pytest.fixture(scope="session")
def clean(checked_tree: Path) -> dict[str, Report]:
    """What the check says of each cluster as it is."""
    return {cluster: validate(checked_tree, cluster) for cluster in clusters(checked_tree)}


def copy_of_repository(target: Path, *paths: str) -> Path:
    """The files of this checkout that Git has, or would take, as they are now."""
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def partial(report: Report) -> bool:
    """Whether something of the cluster could not be rendered; compiled pipelines are none of it."""
    unrendered = [each for each in report.unchecked if not each.reason.startswith("not compared with")]
    return bool(unrendered or report.not_judged or report.broken)


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, as nobody in particular."""
    identity = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for who in ("AUTHOR", "COMMITTER"):
        identity |= {f"GIT_{who}_NAME": "test", f"GIT_{who}_EMAIL": "test@example.org"}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **identity},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
