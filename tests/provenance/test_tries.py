"""A step tried a second time as on a cluster: against an API server over TLS that answers as the real one."""

import json
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from pylib.errors import ConfigurationError, DataError, PipelineError, StoreError
from pylib.provenance import tries
from pylib.provenance.step import Output, Result, step

WORKFLOW = "segmentation-x7k2p"
CALLS = []


@step(cached=False)
def work(made: Output, *, error: str) -> Result:
    CALLS.append(error)
    if error:
        raise {"data": DataError, "store": StoreError, "type": TypeError, "options": ConfigurationError}[
            error
        ](f"{error} is not\nas it should be")
    return {}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        selector = parse_qs(url.query).get("labelSelector")
        server = self.server
        status, body = 200, {"items": server.pods}
        if self.headers.get("Authorization") != "Bearer of the pod":
            status, body = 401, {"kind": "Status", "reason": "Unauthorized"}
        elif url.path != "/api/v1/namespaces/ml/pods" or not server.allowed:
            status, body = 403, {"kind": "Status", "reason": "Forbidden"}
        elif selector != [f"workflows.argoproj.io/workflow={WORKFLOW}"]:
            body = {"items": []}
        server.asked += 1
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext"
    subprocess.run(
        [*command.split(), "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "ca.crt"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def cluster(monkeypatch, tmp_path, certificate):
    """A pod's surroundings: its account, its termination log, the API server."""
    CALLS.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "ca.crt", certificate / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.pods, server.asked, server.allowed = [], 0, True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "namespace").write_text("ml")
    (tmp_path / "token").write_text("of the pod")
    (tmp_path / "ca.crt").write_bytes((certificate / "ca.crt").read_bytes())
    server.log = tmp_path / "termination-log"
    server.log.write_text("")
    monkeypatch.setattr(tries, "_ACCOUNT", tmp_path)
    monkeypatch.setattr(tries, "_TERMINATION", server.log)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.server_address[1]))
    yield server
    server.shutdown()
    server.server_close()


def attempt(cluster, monkeypatch, tmp_path, number, error):
    """One try as Argo makes it: its node's number; when it has failed, its pod keeps what it left."""
    name = f"{WORKFLOW}.root.work.executor({number})"
    monkeypatch.setenv(tries.NODE, name)
    cluster.log.write_text("")
    try:
        work(tmp_path / "made", error=error)
    finally:
        state = {"terminated": {"reason": "Error", "exitCode": 1, "message": cluster.log.read_text()}}
        annotations = {"workflows.argoproj.io/node-name": name}
        statuses = [{"name": "wait", "state": {}}, {"name": "main", "state": state}]
        pod = {
            "metadata": {"name": "p", "annotations": annotations},
            "status": {"containerStatuses": statuses},
        }
        cluster.pods.append(pod)


@pytest.mark.parametrize("error", ["data", "options", "type"])
def test_what_lasts_is_not_done_again_and_says_the_same(cluster, monkeypatch, tmp_path, error):
    with pytest.raises((DataError, ConfigurationError, TypeError)):
        attempt(cluster, monkeypatch, tmp_path, 0, error)
    for number in (1, 2):
        with pytest.raises(PipelineError, match=f"^{error} is not as it should be$"):
            attempt(cluster, monkeypatch, tmp_path, number, error)
    assert [error] == CALLS


def test_what_may_be_mended_is_tried_again(cluster, monkeypatch, tmp_path):
    with pytest.raises(StoreError):
        attempt(cluster, monkeypatch, tmp_path, 0, "store")
    attempt(cluster, monkeypatch, tmp_path, 1, "")
    assert CALLS == ["store", ""]


def test_a_step_that_was_killed_for_memory_is_not_killed_again(cluster, monkeypatch, tmp_path):
    with pytest.raises(StoreError):
        attempt(cluster, monkeypatch, tmp_path, 0, "store")
    cluster.pods[0]["status"]["containerStatuses"][1]["state"]["terminated"]["reason"] = "OOMKilled"
    with pytest.raises(PipelineError, match="out of memory"):
        attempt(cluster, monkeypatch, tmp_path, 1, "")
    assert CALLS == ["store"]


def test_another_steps_failure_is_no_concern(cluster, monkeypatch, tmp_path):
    with pytest.raises(DataError):
        attempt(cluster, monkeypatch, tmp_path, 0, "data")
    other = cluster.pods[0]["metadata"]["annotations"]
    other["workflows.argoproj.io/node-name"] = f"{WORKFLOW}.root.other.executor(0)"
    attempt(cluster, monkeypatch, tmp_path, 1, "")
    assert CALLS == ["data", ""]


def test_a_first_try_asks_nobody(cluster, monkeypatch, tmp_path):
    attempt(cluster, monkeypatch, tmp_path, 0, "")
    assert cluster.asked == 0


def test_where_nobody_may_ask_it_tries(cluster, monkeypatch, tmp_path, capsys):
    with pytest.raises(DataError):
        attempt(cluster, monkeypatch, tmp_path, 0, "data")
    cluster.allowed = False
    attempt(cluster, monkeypatch, tmp_path, 1, "")
    assert CALLS == ["data", ""]
    assert "former tries cannot be asked" in capsys.readouterr().out


def test_on_a_laptop_nothing_is_left_or_asked(cluster, tmp_path):
    with pytest.raises(DataError):
        work(tmp_path / "made", error="data")
    assert cluster.log.read_text() == ""
    assert cluster.asked == 0
