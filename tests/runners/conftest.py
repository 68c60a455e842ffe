"""A Kubeflow Pipelines API on loopback, and a kubectl that knows no cluster until a test gives it one."""

import os

import pytest

from pylib.runners import cluster_settings, kubectl
from tests.runners.kubectl_stand_in import KubectlStandIn
from tests.runners.pipelines_api import serving

OURS = (
    "KF_PIPELINES_TOKEN",
    "PYLIB_GPUS",
    "PYLIB_NAMESPACE",
    "PYLIB_DASHBOARD",
    "PYLIB_STORE",
    "PACHD_ADDRESS",
)


@pytest.fixture
def cluster_kubectl(monkeypatch, tmp_path):
    command = KubectlStandIn(tmp_path)
    monkeypatch.setenv("PATH", f"{command.folder}{os.pathsep}{os.environ['PATH']}")
    for cached in (kubectl.context, cluster_settings._published):
        cached.cache_clear()
    yield command
    for cached in (kubectl.context, cluster_settings._published):
        cached.cache_clear()


@pytest.fixture
def api(monkeypatch, cluster_kubectl):
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    with serving() as server:
        monkeypatch.setenv("KF_PIPELINES_ENDPOINT", server.url)
        yield server
