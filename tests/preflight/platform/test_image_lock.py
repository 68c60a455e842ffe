"""Digests asked of a registry on the loopback that, as the real ones do, first wants a token."""

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from preflight.errors import ClusterError, ConfigurationError
from preflight.platform.image_lock import locked, resolve, write

DIGEST = f"sha256:{hashlib.sha256(b'an image').hexdigest()}"


class Registry(BaseHTTPRequestHandler):
    """The part of the distribution protocol that gives a tag's digest."""

    def do_HEAD(self) -> None:
        if self.headers.get("Authorization") != "Bearer for-pull":
            realm = f"http://{self.headers['Host']}/token"
            self._answer(401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="r",scope="pull"'})
        elif self.path == "/v2/example/images-train/manifests/0.1.0":
            self._answer(200, {"Docker-Content-Digest": DIGEST})
        else:
            self._answer(404, {})

    def do_GET(self) -> None:
        self._answer(200, {}, b'{"token": "for-pull"}' if "scope=pull" in self.path else b"{}")

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_tag_gets_the_digest_that_the_registry_has(registry: str) -> None:
    reference = f"{registry}/example/images-train:0.1.0"
    assert resolve(reference, scheme="http") == f"{reference}@{DIGEST}"


def test_a_digest_is_asked_again_for_the_same_tag(registry: str) -> None:
    reference = f"{registry}/example/images-train:0.1.0"
    assert resolve(f"{reference}@sha256:{'0' * 64}", scheme="http") == f"{reference}@{DIGEST}"


def test_an_image_that_was_never_pushed_is_told(registry: str) -> None:
    with pytest.raises(ClusterError, match="answers 404; was it pushed"):
        resolve(f"{registry}/example/other:0.1.0", scheme="http")


def test_a_registry_that_is_not_there_is_told() -> None:
    with pytest.raises(ClusterError, match="is it reachable"):
        resolve("127.0.0.1:1/example/images-train:0.1.0", scheme="http")


def test_the_reference_changes_wherever_it_is_named_and_nowhere_else(tmp_path: Path) -> None:
    old = "ghcr.io/example/images-train:0.1.0"
    (tmp_path / "cluster-conf/a").mkdir(parents=True)
    (tmp_path / "images.lock").write_text(f"# why\ntrain: {old}\n")
    named = tmp_path / "cluster-conf/a/pod.yaml"
    named.write_text(f"image: {old} # kept\nother: {old}-rc1\n")
    resolved = {"train": f"{old}@{DIGEST}"}
    assert write(tmp_path, resolved) == [tmp_path / "images.lock", named]
    assert named.read_text() == f"image: {old}@{DIGEST} # kept\nother: {old}-rc1\n"
    assert locked(tmp_path) == resolved
    assert write(tmp_path, resolved) == []


@pytest.mark.parametrize("text", ["train: images-train\n", "- a\n", "train: ghcr.io/example/x\n"])
def test_a_lock_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "images.lock").write_text(text)
    with pytest.raises(ConfigurationError, match=r"images\.lock"):
        locked(tmp_path)
