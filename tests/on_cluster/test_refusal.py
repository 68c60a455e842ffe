"""A cluster that does not say it is throw-away is only read: asked of a server that notes every request."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.on_cluster.throw_away import LABEL, NotThrowAwayError, throw_away_cluster

pytestmark = pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not on PATH; install it")
Serve = Callable[..., tuple[Path, list[str]]]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A server that answers every GET with one body; a kubeconfig that names it, and what it was asked."""
    servers: list[ThreadingHTTPServer] = []

    def start(body: object, status: int = 200) -> tuple[Path, list[str]]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def parse_request(self) -> bool:
                understood = super().parse_request()
                asked.append(f"{self.command} {self.path}")
                return understood

            def do_GET(self) -> None:
                answer = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return _kubeconfig(tmp_path / "theirs", server.server_port), asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def _kubeconfig(file: Path, port: int) -> Path:
    context = {"name": "theirs", "context": {"cluster": "theirs", "user": "theirs"}}
    cluster = {"name": "theirs", "cluster": {"server": f"http://127.0.0.1:{port}"}}
    content = {"apiVersion": "v1", "kind": "Config", "current-context": "theirs", "contexts": [context]}
    file.write_text(
        yaml.safe_dump(content | {"clusters": [cluster], "users": [{"name": "theirs", "user": {}}]})
    )
    return file


def _environment(config: Path) -> dict[str, str]:
    return {**os.environ, "KUBECONFIG": str(config)}


def _namespace(**labels: str) -> dict[str, object]:
    return {"kind": "Namespace", "metadata": {"name": "kube-system", "uid": "7-7-7", "labels": labels}}


def test_a_cluster_that_says_nothing_is_refused_and_only_read(serve: Serve, tmp_path: Path) -> None:
    config, asked = serve(_namespace(**{"kubernetes.io/metadata.name": "kube-system"}))
    with pytest.raises(NotThrowAwayError, match=r"uid 7-7-7.*kubectl label namespace kube-system"):
        throw_away_cluster(_environment(config), tmp_path)
    assert "GET /api/v1/namespaces/kube-system" in asked
    assert {request.split()[0] for request in asked} == {"GET"}


def test_only_the_word_true_counts(serve: Serve, tmp_path: Path) -> None:
    config, _ = serve(_namespace(**{LABEL: "no"}))
    with pytest.raises(NotThrowAwayError):
        throw_away_cluster(_environment(config), tmp_path)


def test_a_server_that_does_not_let_us_ask_is_refused(serve: Serve, tmp_path: Path) -> None:
    config, _ = serve(
        {"kind": "Status", "status": "Failure", "message": "forbidden", "code": 403}, status=403
    )
    with pytest.raises(NotThrowAwayError, match="does not say"):
        throw_away_cluster(_environment(config), tmp_path)


def test_a_server_that_is_not_there_is_refused(tmp_path: Path) -> None:
    config = _kubeconfig(tmp_path / "theirs", 9)
    with pytest.raises(NotThrowAwayError, match="does not say"):
        throw_away_cluster(_environment(config), tmp_path)


def test_the_default_kubeconfig_is_never_used(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    with pytest.raises(NotThrowAwayError, match="KUBECONFIG is not set"):
        throw_away_cluster(environment, tmp_path)


def test_one_that_says_so_is_taken_and_stays_the_one(serve: Serve, tmp_path: Path) -> None:
    config, asked = serve(_namespace(**{LABEL: "true"}))
    kubectl = throw_away_cluster(_environment(config), tmp_path)
    config.write_text(
        config.read_text().replace("127.0.0.1", "production.invalid")
    )  # a context chosen elsewhere
    kubectl.run("get", "--raw", "/api/v1/namespaces/kube-system")
    assert asked.count("GET /api/v1/namespaces/kube-system") == 2
    assert kubectl.config.stat().st_mode & 0o077 == 0
