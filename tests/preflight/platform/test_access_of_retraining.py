"""What retraining and a commit's worker call on a cluster, recorded over HTTP, is what their records say."""

import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from preflight.errors import ConfigurationError
from preflight.platform.access import GROUP, asked, asked_of_server, recorded
from pylib.provenance.materials import ROOT
from pylib.runners import cluster_retraining, data_commit
from pylib.store.opening import open_store
from tests.runners import kubernetes_server, pachyderm_server, pipelines_server

CRON_JOB = yaml.safe_load((ROOT / "cluster-conf/retrain/base/cronjob.yaml").read_text())
Call = tuple[str, str]


def kinds(accesses: Iterable[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Without the names of objects that are not named in a Role: a Job has another each time."""
    return {
        (group, kind if kind.startswith(("leases", "cronjobs")) else kind.split()[0], verb)
        for group, kind, verb in accesses
    }


def of_server(calls: Iterable[Call]) -> set[tuple[str, str, str]]:
    return kinds(asked_of_server(*call) for call in calls)


def test_retraining_calls_what_its_record_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # the pod's image has no kubectl
    with (
        kubernetes_server.serving(tmp_path, monkeypatch) as server,
        pipelines_server.serving(monkeypatch, tmp_path) as pipelines,
    ):
        for _ in range(2):
            cluster_retraining.run(
                "segmentation",
                lambda: {"data": "images@" + "a" * 64},
                namespace="ml",
                holder="pod",
                poll_seconds=0.05,
                lease_seconds=1.2,
            )
        called = of_server(server.calls) | {asked(*call) for call in pipelines.calls} - {None}
    record = recorded(ROOT, "cluster-conf/retrain/access.yaml")
    assert record is not None
    assert record.access == called


def test_a_commits_worker_calls_what_its_record_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        kubernetes_server.serving(tmp_path, monkeypatch) as server,
        pachyderm_server.serving() as (_held, address),
    ):
        monkeypatch.setenv("PACHD_ADDRESS", address)
        server.put("cronjobs", {**CRON_JOB, "metadata": {**CRON_JOB["metadata"], "namespace": "ml"}})
        commit = open_store(f"pachd://{address}").commit("images", {"a.png": b"a"}).id

        def end() -> None:
            while not server.find("jobs"):
                time.sleep(0.02)
            server.end(f"retrain-{commit}")

        thread = threading.Thread(target=end)
        thread.start()
        data_commit.start(
            "images@master", {"images_COMMIT": commit}, namespace="ml", listen=[].append, poll_seconds=0.02
        )
        thread.join()
        called = of_server(server.calls)
    record = recorded(ROOT, "cluster-conf/pachyderm/access.yaml")
    assert record is not None
    assert record.access == called


@pytest.mark.parametrize(
    ("method", "path", "access"),
    [
        (
            "PUT",
            "/apis/coordination.k8s.io/v1/namespaces/ml/leases/retrain",
            ("coordination.k8s.io", "leases retrain", "update"),
        ),
        ("POST", "/apis/batch/v1/namespaces/ml/jobs", ("batch", "jobs", "create")),
        ("GET", "/apis/batch/v1/namespaces/ml/jobs/x", ("batch", "jobs x", "get")),
    ],
)
def test_a_request_of_the_api_server_is_asked_about_as_its_verb(
    method: str, path: str, access: tuple[str, str, str]
) -> None:
    assert asked_of_server(method, path) == access


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", "/apis/batch/v1/namespaces/ml/jobs/x"), ("GET", "/api/v1/nodes")]
)
def test_another_request_is_refused(method: str, path: str) -> None:
    with pytest.raises(ConfigurationError, match="not a request of pylib's"):
        asked_of_server(method, path)


def test_a_record_names_groups_and_objects_as_kubectl_does(tmp_path: Path) -> None:
    file = tmp_path / "cluster-conf/x/access.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(
        "account: {namespace: n, name: a}\n"
        "needed: {runs: [get], jobs.batch: [create], leases.coordination.k8s.io/x: [get]}\n"
    )
    record = recorded(tmp_path, "cluster-conf/x/access.yaml")
    assert record is not None
    assert record.access == {
        (GROUP, "runs", "get"),
        ("batch", "jobs", "create"),
        ("coordination.k8s.io", "leases x", "get"),
    }
