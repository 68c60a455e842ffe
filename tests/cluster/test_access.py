"""What pylib calls on a cluster, recorded over real HTTP, is what its account's record says."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from pylib.cluster.access import FILE, asked, recorded
from pylib.errors import ConfigurationError
from pylib.provenance.materials import ROOT
from pylib.workflows import cluster

RUN = {"run_id": "r1", "display_name": "x", "run_details": {"task_details": []}}
EXPERIMENT = {"experiment_id": "e1", "display_name": "segmentation", "namespace": "ml"}


class Pipelines(ThreadingHTTPServer):
    """A Kubeflow Pipelines API of many users that notes every request; the first makes the experiment."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.calls: list[tuple[str, str]] = []
        self.experiments: list[dict[str, str]] = []


class Handler(BaseHTTPRequestHandler):
    server: Pipelines

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].removeprefix("/apis/v2beta1/")
        answers = {
            "healthz": {"multi_user": True},
            "experiments": {"experiments": self.server.experiments},
            "runs/r1": {**RUN, "state": "SUCCEEDED"},
        }
        self._answer(answers.get(path))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        made = {**RUN, "state": "PENDING"}
        if self.path.endswith("/experiments"):
            self.server.experiments.append(EXPERIMENT)
            made = EXPERIMENT
        self._answer(made)

    def _answer(self, body: dict[str, Any] | None) -> None:
        self.server.calls.append((self.command, self.path))
        data = json.dumps(body or {}).encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """The requests of a pipeline's first and of its second run."""
    server = Pipelines()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", "/nonexistent")
    monkeypatch.delenv("KF_PIPELINES_TOKEN", raising=False)
    for _ in range(2):
        cluster.run("segmentation", {"data": "sample@" + "a" * 64}, namespace="ml", poll_seconds=0.01)
    yield server.calls
    server.shutdown()
    server.server_close()


def test_the_record_is_what_pylib_calls(calls: list[tuple[str, str]]) -> None:
    needed: dict[str, list[str]] = {}
    for access in sorted({asked(*call) for call in calls} - {None}):
        needed.setdefault(access[1], []).append(access[2])
    record = recorded(ROOT)
    assert record is not None
    assert {kind: sorted(verbs) for kind, verbs in record.needed.items()} == needed, (
        f"pylib's calls have changed; write into {FILE}:\n{yaml.safe_dump({'needed': needed})}"
    )


@pytest.mark.parametrize(
    ("method", "path", "resource", "verb"),
    [
        ("POST", "/apis/v2beta1/runs", "runs", "create"),
        ("GET", "/apis/v2beta1/runs?page_size=10&namespace=ml", "runs", "list"),
        ("GET", "/apis/v2beta1/runs/7f3a", "runs", "get"),
        ("POST", "/apis/v2beta1/runs/7f3a:terminate", "runs", "terminate"),
        ("DELETE", "/apis/v2beta1/experiments/e1", "experiments", "delete"),
        ("POST", "/apis/v2beta1/recurringruns/7f3a:disable", "jobs", "disable"),
        ("POST", "/apis/v2beta1/pipelines/create", "pipelines", "create"),
        ("GET", "/apis/v2beta1/pipelines/names/segmentation", "pipelines", "get"),
        ("GET", "/apis/v2beta1/pipelines/p1/versions", "pipelines", "list"),
        ("GET", "/apis/v2beta1/pipelines/p1/versions/v1", "pipelines", "get"),
        ("POST", "/apis/v2beta1/pipelines/p1/versions", "pipelines", "create"),
    ],
)
def test_a_request_is_asked_about_as_its_verb(method: str, path: str, resource: str, verb: str) -> None:
    assert asked(method, path) == ("pipelines.kubeflow.org", resource, verb)


def test_nothing_is_asked_about_health() -> None:
    assert asked("GET", "/apis/v2beta1/healthz") is None


@pytest.mark.parametrize("path", ["/apis/v2beta1/secrets", "/apis/v1beta1/runs", "/api/v1/namespaces"])
def test_a_request_of_another_api_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match=r"not of Kubeflow Pipelines' API v2beta1"):
        asked("GET", path)


def test_a_broken_record_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.parent.mkdir(parents=True)
    file.write_text("account: {namespace: ml}\nneeded: {runs: [create]}\n")
    with pytest.raises(
        ConfigurationError, match=r"^cluster-conf/ml-user/access.yaml: .*account.name"
    ) as error:
        recorded(tmp_path)
    assert "\n" not in str(error.value)


def test_without_a_record_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert recorded(tmp_path) is None
