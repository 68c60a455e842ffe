"""The cluster under test, the Git server beside it, and the record of what was measured; README.md says how to run it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pylib.settings import settings
from tests.on_cluster.kubectl import Kubectl
from tests.on_cluster.repository import GitServer
from tests.on_cluster.throw_away import NotThrowAwayError, throw_away_cluster

ROOT = Path(__file__).parents[2]


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "cluster: needs a cluster to throw away; `make test-cluster` runs these alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the cluster's tests out unless they are asked for by their marker."""
    if "cluster" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("cluster")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


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
def git_server(kubectl: Kubectl) -> GitServer:
    """Where the tests push, and Argo CD reads."""
    return GitServer.of(os.environ)


@pytest.fixture(scope="session")
def record() -> Iterator[dict[str, Any]]:
    """Figures for cluster-conf/README.md, written as they are when the run ends."""
    figures: dict[str, Any] = {}
    yield figures
    if figures:
        file = settings().output / "on-cluster.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(figures, indent=2) + "\n")
