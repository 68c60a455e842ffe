"""The cluster under test, the Git server beside it, the platform on it, and what is measured."""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from preflight.platform.image_lock import locked
from pylib.provenance.digests import sha256_file
from pylib.settings import settings
from tests.on_cluster import platform as platforms
from tests.on_cluster import serving
from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.models import Store, make_model, release_model
from tests.on_cluster.operators import Operators
from tests.on_cluster.platform import CLUSTER, Platform
from tests.on_cluster.repository import GitServer
from tests.on_cluster.throw_away import NotThrowAwayError, throw_away_cluster
from tests.on_cluster.tried import choose
from tests.on_cluster.waiting import until

ROOT = Path(__file__).parents[2]


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "cluster: needs a cluster to throw away; `make test-cluster` runs these alone"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the cluster's tests out unless they are asked for by their marker; the platform's come first."""
    for item in items:
        if item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.timeout(1200))  # the first one brings the platform up
    if "cluster" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("cluster")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    # The others judge the platform as it came up, and an empty cluster is no platform.
    items.sort(key=lambda item: "on_cluster/" in item.nodeid and "test_platform" not in item.nodeid)


@pytest.fixture(scope="session")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """The throw-away cluster; the whole run ends where it is none."""
    try:
        cluster = throw_away_cluster(os.environ, tmp_path_factory.mktemp("kubeconfig"))
    except NotThrowAwayError as error:
        pytest.exit(f"nothing was touched: {error}", returncode=1)
    os.environ["KUBECONFIG"] = str(cluster.config)  # for what the tests start
    return cluster


@pytest.fixture(scope="session")
def git_server(kubectl: Kubectl) -> Iterator[GitServer]:
    """Where the tests push, and Argo CD reads; another run on the same cluster waits for this one's end."""
    server = GitServer.of(os.environ)
    with (server.folder / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield server


@pytest.fixture(scope="session")
def record() -> Iterator[dict[str, Any]]:
    """Figures for cluster-conf/README.md, written as they are when the run ends."""
    figures: dict[str, Any] = {}
    yield figures
    if figures:
        file = settings().output / "on-cluster.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(figures, indent=2) + "\n")


@pytest.fixture(scope="session")
def store(kubectl: Kubectl) -> Store:
    """Where released models are, for pods and for this machine."""
    return Store.of(os.environ)


@pytest.fixture(scope="session")
def operators(kubectl: Kubectl) -> Iterator[Operators]:
    """The work of those operators that are simulated."""
    thread = Operators(kubectl)
    thread.start()
    yield thread
    thread.stop()


@pytest.fixture(scope="session")
def first_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model that is released before the platform comes up."""
    return make_model(tmp_path_factory.mktemp("first"), seed=1)


@pytest.fixture(scope="session")
def installed(
    kubectl: Kubectl,
    git_server: GitServer,
    store: Store,
    operators: Operators,
    first_model: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Platform:
    """The platform, brought up once from one push that holds a released model; whether well or not."""
    choice = choose(ROOT, CLUSTER, kubectl)
    repository = platforms.repository(kubectl, git_server, tmp_path_factory.mktemp("repository"))
    platforms.prepare(repository, choice, git_server.mirror)
    if repository.is_changed:
        repository.push("The platform, with this cluster's settings")
    release_model(first_model, store, repository)
    kubectl.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml"}}, *store.secrets_for("ml")
    )
    if choice.stand_ins:
        kubectl.apply(*choice.stand_ins)
    if "argocd" in choice.not_tried:
        platforms.configure(kubectl)
    return platforms.bring_up(kubectl, repository, choice)


@pytest.fixture
def platform(kubectl: Kubectl, installed: Platform) -> Platform:
    """The platform, as it must have come up."""
    platforms.require_good(installed, kubectl)
    return installed


def _image(kubectl: Kubectl, stage: str) -> str:
    reference = locked(ROOT)[stage].partition("@")[0]
    images = [image for node in kubectl.list("nodes") for image in node["status"].get("images") or []]
    if not any(reference in (image.get("names") or []) for image in images):
        pytest.skip(f"no node has {reference}: build it (--target {stage}) and load it")
    return reference


@pytest.fixture(scope="module")
def serve_image(kubectl: Kubectl) -> str:
    """The image of the model server, which a node has."""
    return _image(kubectl, "serve")


@pytest.fixture(scope="module")
def train_image(kubectl: Kubectl) -> str:
    """The image of a pipeline's steps, which a node has."""
    return _image(kubectl, "train")


@pytest.fixture(scope="module")
def web_image(kubectl: Kubectl) -> str:
    """The image of the page, which a node has."""
    return _image(kubectl, "web")


@pytest.fixture
def first_digest(first_model: Path) -> str:
    """Of the model that was released first."""
    return sha256_file(first_model / "model/model.onnx")


@pytest.fixture
def server(kubectl: Kubectl, serve_image: str, platform: Platform, first_digest: str) -> Body:
    """A pod of the model that was released first, ready."""
    platforms.require_tried(platform, serving.APPLICATION)
    return until(120, "the model's pods", lambda: serving.rolled_out(kubectl, first_digest))[0]
