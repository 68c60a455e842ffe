"""Images by URL: off by default, allowed hosts alone, the resolved address alone; real servers here."""

import http.server
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from pylib.errors import RequestError
from pylib.serving import local, remote
from pylib.serving.remote import Address, fetch, public_address

HOST = "images.example.org"
PRIVATE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("224.0.0.1", "255.255.255.255", "192.0.0.8", "198.18.0.1", "240.0.0.1", "::1", "::", "fe80::1"),
    *("fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1"),
    *("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1::1", "2001:db8::1"),
]


class Files(http.server.BaseHTTPRequestHandler):
    """What a site may do: `asked` has the Host header of each request."""

    asked: ClassVar[list[str]] = []
    said: ClassVar[dict[str, tuple[int, dict[str, str], bytes]]] = {
        "/image.jpg?size=2": (200, {"Content-Length": "5"}, b"image"),
        "/until-the-end": (200, {}, b"image"),
        "/redirect": (302, {"Location": "http://127.0.0.1/", "Content-Length": "0"}, b""),
        "/missing": (404, {"Content-Length": "0"}, b""),
        "/gzip": (200, {"Content-Length": "5", "Content-Encoding": "gzip"}, b"image"),
        "/announced": (200, {"Content-Length": "1000"}, b""),
        "/large": (200, {}, bytes(1000)),
        "/broken": (200, {"Content-Length": "50"}, b"image"),
        "/no-length": (200, {"Content-Length": "-"}, b"image"),
        "/chunks": (200, {"Transfer-Encoding": "chunked"}, b"5\r\nimage\r\n0\r\n\r\n"),
        "/broken-chunks": (200, {"Transfer-Encoding": "chunked"}, b"5\r\nima"),
    }

    def do_GET(self) -> None:
        self.asked.append(self.headers["Host"])
        if self.path == "/slow":
            self._drip()
            return
        status, headers, body = self.said[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        try:
            while True:
                self.wfile.write(b".")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:  # the other side has had enough
            return

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def here(port: int) -> remote.Resolve:
    """Resolves whatever name to a server of this test: what no setting can do."""
    return lambda *_: Address("127.0.0.1", port)


def test_the_file_of_an_allowed_host_is_fetched(site):
    for path in ("/image.jpg?size=2", "/until-the-end", "/chunks"):
        assert fetch(f"http://{HOST}{path}", {HOST}, resolve=here(site)) == b"image"
    assert fetch(f"http://{HOST.upper()}:80/chunks#x", {HOST}, resolve=here(site)) == b"image"
    assert Files.asked[-1].partition(":")[0] == HOST


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/redirect", "not followed"),
        ("/missing", "status 404"),
        ("/gzip", "compresses"),
        ("/announced", "larger than 100 bytes"),
        ("/large", "larger than 100 bytes"),
        ("/broken", "does not answer as it should"),
        ("/broken-chunks", "does not answer as it should"),
        ("/slow", "longer than 0.5 s"),
    ],
)
def test_what_a_host_does_wrong_is_refused(site, path, reason):
    with pytest.raises(RequestError, match=reason):
        fetch(f"http://{HOST}{path}", {HOST}, resolve=here(site), most=100, seconds=0.5)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://other.example.org/x", "no host that images are fetched from"),
        (f"http://{HOST}.evil.org/x", "no host that images are fetched from"),
        (f"http://{HOST}@evil.org/x", "without a user"),
        (f"http://user:word@{HOST}/x", "without a user"),
        (f"http://{HOST}:8080/x", "usual port"),
        (f"http://{HOST}:443/x", "usual port"),
        (f"http://{HOST}:x/x", "malformed"),
        ("http://[::1/x", "malformed"),
        (f"ftp://{HOST}/x", "must be http:// or https://"),
        ("file:///etc/passwd", "must be http:// or https://"),
        ("", "must be http:// or https://"),
        (f"http://{HOST}/x y", "some that a URL has not"),
        (f"http://{HOST}/x\r\nHost: evil.org", "some that a URL has not"),
        (f"http://evil.org\\@{HOST}/x", "some that a URL has not"),
        (f"http://{HOST}/{'x' * 3000}", "longer than"),
        ("http:///x", "no host"),
    ],
)
def test_only_an_allowed_url_is_asked_for_at_all(url, reason):
    def never(*_: object) -> Address:
        raise AssertionError

    with pytest.raises(RequestError, match=reason):
        fetch(url, {HOST}, resolve=never)


@given(st.text(max_size=80))
def test_no_text_is_anything_but_fetched_or_refused(text):
    with pytest.raises(RequestError):
        fetch(text, {HOST})


def test_it_is_off_unless_the_operator_names_hosts(monkeypatch):
    monkeypatch.delenv(remote.SETTING, raising=False)
    with pytest.raises(RequestError, match="PREDICT_URL_HOSTS is empty"):
        fetch(f"https://{HOST}/x", remote.allowed_hosts())
    monkeypatch.setenv(remote.SETTING, f" {HOST.upper()}., cdn.example.org")
    assert remote.allowed_hosts() == {HOST, "cdn.example.org"}


@pytest.mark.parametrize("ip", PRIVATE)
def test_no_address_but_of_the_public_internet_is_connected_to(ip):
    with pytest.raises(RequestError, match="is not a host of the public internet"):
        public_address(HOST, 443, lambda *_: [ip])
    with pytest.raises(RequestError, match="is not a host of the public internet"):
        public_address(HOST, 443, lambda *_: ["93.184.215.14", ip])


@pytest.mark.parametrize("ip", ["93.184.215.14", "2606:4700::1111", "::ffff:93.184.215.14"])
def test_a_public_address_is_what_is_connected_to(ip):
    assert public_address(HOST, 443, lambda *_: [ip]) == (ip, 443)


def test_this_machine_is_refused_as_it_resolves():
    for name in ("localhost", "127.0.0.1", "127.1", "2130706433", "0x7f.1"):
        with pytest.raises(RequestError, match=r"public internet|not found"):
            fetch(f"http://{name}/x", {name})
    with pytest.raises(RequestError, match="not found"):
        public_address("no-such-host.invalid", 443)


def test_a_name_is_resolved_once(site):
    """DNS that answers differently the second time finds nobody asking."""
    answers = iter([Address("127.0.0.1", site)])
    assert fetch(f"http://{HOST}/chunks", {HOST}, resolve=lambda *_: next(answers)) == b"image"
    assert next(answers, None) is None


def test_nobody_there_is_a_refusal():
    with closing(socket.create_server(("127.0.0.1", 0))) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(RequestError, match="does not answer"):
        fetch(f"http://{HOST}/x", {HOST}, resolve=here(port))


@pytest.fixture(scope="module")
def secure_site(tmp_path_factory) -> Iterator[tuple[int, Path]]:
    """A site over TLS, and the certificate that says that it is HOST."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    names = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate]
    subprocess.run([*made, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], certificate
        server.shutdown()


def test_over_tls_the_host_must_be_who_it_says(secure_site, monkeypatch):
    port, certificate = secure_site
    with pytest.raises(RequestError, match="does not answer as it should"):
        fetch(f"https://{HOST}/chunks", {HOST}, resolve=here(port))  # nobody knows who signed it
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # as a site with its own authority has it
    assert fetch(f"https://{HOST}/chunks", {HOST}, resolve=here(port)) == b"image"
    with pytest.raises(RequestError, match="does not answer as it should"):
        fetch("https://other.example.org/chunks", {"other.example.org"}, resolve=here(port))
    with pytest.raises(RequestError, match=r"longer than 0\.5 s"):
        fetch(f"https://{HOST}/slow", {HOST}, resolve=here(port), seconds=0.5)


@pytest.mark.slow
def test_seldon_s_str_data_is_a_url_where_the_operator_allows_hosts(
    monkeypatch, tmp_path, deployment, artifacts, server
):
    def ask(address: str) -> tuple[int, str]:
        body = {"strData": "http://localhost/image.jpg"}
        said = requests.post(f"{address}/api/v1.0/predictions", json=body, timeout=30)
        return said.status_code, said.json()["status"]["info"]

    assert ask(server.url) == (
        400,
        "images are not fetched by URL here (PREDICT_URL_HOSTS is empty): send the file itself",
    )
    monkeypatch.setenv(remote.SETTING, "localhost")
    started = local.start(deployment, artifacts=artifacts, folder=tmp_path, port=0)
    try:
        assert ask(started.url) == (
            400,
            "localhost is not a host of the public internet: send the file itself",
        )
    finally:
        local.stop(tmp_path)
