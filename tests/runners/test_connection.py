"""Whom Kubeflow Pipelines takes us for, and what is said where it does not let us in."""

import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pylib.errors import PipelineError
from pylib.runners import cluster, connectivity, credentials, following
from pylib.runners.connection import connect
from tests.runners.pipelines_api import run, succeeded, task

DATA = "sample@" + "a" * 64
NEEDED = [("create", "experiments"), ("list", "experiments"), ("create", "runs"), ("get", "runs")]


def refused(match):
    with pytest.raises(PipelineError, match=match) as error:
        connect()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("way_in", ["variable", "mounted", "kubectl"])
def test_a_token_is_found_wherever_there_is_one(api, cluster_kubectl, way_in, monkeypatch, tmp_path):
    if way_in == "variable":
        monkeypatch.setenv("KF_PIPELINES_TOKEN", "good")
    if way_in == "mounted":
        (tmp_path / "token").write_text("good\n")
        monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))
    if way_in == "kubectl":
        cluster_kubectl.connected()
    connection = connect()
    assert connection.namespace == "ml", "of many users, ours is the namespace of this repository"
    submitted = cluster.submit("segmentation", {"data": DATA}, connection)
    assert following.follow(submitted, connection, poll_seconds=0.01).state == "SUCCEEDED"
    assert set(api.sent) == {"good"}


def test_without_any_token_the_command_that_makes_one_is_named(api):
    reason = refused("has many users and asks who we are")
    assert "kubectl create token ml-user --namespace ml --audience pipelines.kubeflow.org" in reason
    assert reason.endswith("where kubectl can: here it is missing, or names no cluster")
    assert api.sent == []


def test_a_token_that_kubectl_may_not_make_says_why(api, cluster_kubectl):
    cluster_kubectl.connected(tokens=[])
    assert 'serviceaccounts "ml-user" is forbidden' in refused("asks who we are")


def test_a_token_of_another_audience_is_refused_in_one_line(api, monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_TOKEN", "of the API server")
    reason = refused(r"answered 401 .*the token of KF_PIPELINES_TOKEN is not taken")
    assert "audience pipelines.kubeflow.org" in reason


def test_an_account_that_may_not_is_told_so(api, monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_TOKEN", "good")
    with pytest.raises(PipelineError, match=r"answered 403 .*is not authorized.*see --namespace"):
        connect("elsewhere")


def test_one_user_is_asked_for_nothing(api, cluster_kubectl):
    api.multi_user = False
    cluster_kubectl.connected()
    connection = connect()
    assert connection.namespace is None
    submitted = cluster.submit("segmentation", {"data": DATA}, connection)
    assert "kubectl logs -n kubeflow -l pipeline/runid=r1" in submitted.where
    assert ["create", "token"] not in [words[:2] for words in cluster_kubectl.calls]


def test_a_long_run_gets_a_new_token_in_time(api, cluster_kubectl, monkeypatch):
    cluster_kubectl.connected(tokens=["good", "newer"])
    api.looks = [run("RUNNING", task("train", "RUNNING", 10)) for _ in range(3)] + [succeeded()]
    connection = connect()
    submitted = cluster.submit("segmentation", {"data": DATA}, connection)
    monkeypatch.setattr(credentials, "RENEW_SECONDS", 0)  # as if the half hour were over
    api.tokens = {"newer"}
    assert following.follow(submitted, connection, poll_seconds=0.01).state == "SUCCEEDED"


def test_a_token_lasts_longer_than_it_is_used(cluster_kubectl):
    assert credentials.RENEW_SECONDS < 3600, "kubectl's tokens live an hour"


def test_nobody_there_is_one_line_that_names_the_way(monkeypatch, cluster_kubectl):
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", "http://127.0.0.1:9")
    assert "kubectl port-forward -n kubeflow service/ml-pipeline 8888:8888" in refused(
        r"http://127\.0\.0\.1:9"
    )


class Login(BaseHTTPRequestHandler):
    """The gateway in front of the dashboard: who is not logged in is sent elsewhere."""

    says = 302, b""

    def do_GET(self):
        status, body = self.says
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "https://login.example.org/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def certified(folder):
    """TLS with a certificate of its own making, folder/c.pem."""
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout k.pem -out c.pem"
    name = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command.split(), *name], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "c.pem", folder / "k.pem")
    return context


def test_an_authority_of_ones_own_is_trusted_where_it_is_named(api, monkeypatch, tmp_path):
    api.socket = certified(tmp_path).wrap_socket(api.socket, server_side=True)
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", api.url.replace("http:", "https:"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "c.pem"))
    monkeypatch.setenv("KF_PIPELINES_TOKEN", "good")
    assert cluster.submit("segmentation", {"data": DATA}, connect()).id == "r1"


@pytest.fixture
def gateway(monkeypatch, cluster_kubectl):
    server = HTTPServer(("127.0.0.1", 0), Login)
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    yield server
    server.shutdown()
    server.server_close()


def test_the_dashboards_address_is_not_the_apis(gateway):
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    assert "kubectl port-forward" in refused(r"is not the API of Kubeflow Pipelines \(a page, or a login\)")


@pytest.mark.parametrize(
    ("status", "body", "what"),
    [
        (401, b"<!DOCTYPE html><title>Log in</title>", "a page that asks for a login stands before the API"),
        (403, b"\n<html>Sign in</html>", "a page that asks for a login stands before the API"),
        (403, b"RBAC: access denied", "something that asks who we are stands before the API"),
        (
            401,
            b'{"message": "Jwt is missing"}',
            "Jwt is missing; something that asks who we are stands before",
        ),
    ],
)
def test_who_stands_before_the_api_is_no_matter_of_tokens(gateway, monkeypatch, status, body, what):
    monkeypatch.setattr(Login, "says", (status, body))
    monkeypatch.setenv("KF_PIPELINES_TOKEN", "of ours")
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    reason = refused(f"answered {status} .*{what}")
    assert "kubectl port-forward" in reason
    assert "audience" not in reason


def test_a_certificate_that_nobody_trusts_is_one_line(gateway, monkeypatch, tmp_path):
    gateway.socket = certified(tmp_path).wrap_socket(gateway.socket, server_side=True)
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", f"https://127.0.0.1:{gateway.server_address[1]}")
    assert "REQUESTS_CA_BUNDLE" in refused("its certificate is not trusted")


def walked():
    return {stage.name: (stage.found, stage.remedy, stage.required) for stage in connectivity.walk(NEEDED)}


def test_the_way_is_walked_to_its_end(api, cluster_kubectl, monkeypatch, tmp_path):
    cluster_kubectl.connected(rights=NEEDED)
    found = walked()
    assert found["Pipelines API"][0] == f"{api.url}, many users"
    assert found["token, namespace"][0].startswith("kubectl create token ml-user")
    assert found["rights"][0] == "all 4"
    assert found["pipelines"][0] == "as objects"
    assert "is on this machine" in found["data store"][1]


def test_each_stage_that_fails_says_what_to_do(api, cluster_kubectl, monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_TOKEN", "stale")
    monkeypatch.setenv("PACHD_ADDRESS", "pachd://127.0.0.1:9")
    cluster_kubectl.connected(rights=NEEDED[1:])
    api.store = "database"
    found = walked()
    assert [name for name, (what, *_) in found.items() if what] == ["Pipelines API"]
    assert "answered 401" in found["token, namespace"][1]
    assert found["rights"][1].startswith("not allowed: create experiments;")
    assert "--pipelinesStoreKubernetes" in found["pipelines"][1]
    assert "127.0.0.1:9" in found["data store"][1]


def test_what_nobody_could_ask_is_not_said_to_be_well(api, monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_TOKEN", "good")
    found, remedy, required = walked()["rights"]
    assert (found, required) == (None, False)
    assert remedy.startswith("not asked")


def test_the_way_ends_where_nobody_answers(monkeypatch, cluster_kubectl):
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", "http://127.0.0.1:9")
    assert list(walked()) == ["Pipelines API"]
