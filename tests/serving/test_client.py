"""The client: what it reads, and the one line it gives for every way in which a server can disappoint."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from pylib.data.images import encode_png
from pylib.errors import ServingError
from pylib.serving import local
from pylib.serving.client import Client

Photograph = Callable[..., bytes]
MASK = base64.b64encode(encode_png(np.zeros((2, 3), np.uint8))).decode()
DATA = {"mask_png": MASK, "classes": ["a"], "class_shares": {"a": 1.0}, "mean_confidence": 0.5}


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A real HTTP server that gives one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_it_reads_an_answer(server: local.Server, identity: dict[str, str], photograph: Photograph) -> None:
    with Client(server.url + "/") as client:
        prediction = client.predict(photograph(1, 50, 70))
        assert client.status().items() >= identity.items()
    answer = prediction.answer
    assert answer.mask.shape == (50, 70)
    assert list(answer.class_shares) == answer.classes == ["object", "background", "border"]
    for index, name in enumerate(answer.classes):
        assert answer.class_shares[name] == np.mean(answer.mask == index)
    assert 1 / 3 <= answer.mean_confidence <= 1
    assert prediction.task.name == prediction.tags["task"] == "segmentation"
    assert prediction.latency > 0
    assert prediction.tags.items() >= identity.items()


@pytest.mark.slow
def test_it_passes_on_the_servers_sentence(server: local.Server) -> None:
    with Client(server.url) as client, pytest.raises(ServingError, match="answered 400: not an image"):
        client.predict(b"no image")


ANSWERS = {
    "a web page": (200, b"<html>", "not JSON: is the URL right"),
    "a server error": (500, b'{"status": {"info": "out of memory"}}', "answered 500: out of memory"),
    "an error without status": (502, b'{"a": 1}', "answered 502"),
    "a list": (200, b"[]", "answered 200"),
    "another model's answer": (200, b'{"data": {"ndarray": [1]}, "meta": {}}', "KeyError"),
    "no tags": (200, json.dumps({"jsonData": DATA, "meta": {}}).encode(), "tags"),
    "an answer of a task unknown here": (
        200,
        json.dumps({"jsonData": DATA, "meta": {"tags": {"task": "depth"}}}).encode(),
        "newer pylib .*'depth'",
    ),
    "a mask that is no PNG": (
        200,
        json.dumps({"jsonData": {**DATA, "mask_png": "QUJD"}, "meta": {"tags": {}}}).encode(),
        "DataError",
    ),
    "a share that is missing": (
        200,
        json.dumps({"jsonData": {**DATA, "class_shares": {}}, "meta": {"tags": {}}}).encode(),
        "KeyError",
    ),
}


@pytest.mark.parametrize(("status", "body", "reason"), ANSWERS.values(), ids=ANSWERS.keys())
def test_strange_answers_are_one_line(status: int, body: bytes, reason: str) -> None:
    with (
        answering(status, body) as url,
        Client(url) as client,
        pytest.raises(ServingError, match=reason) as caught,
    ):
        client.predict(b"x")
    assert "\n" not in str(caught.value)


def test_a_server_of_before_tasks_is_understood() -> None:
    body = json.dumps({"jsonData": DATA, "meta": {"tags": {"model_digest": "ab"}}}).encode()
    with answering(200, body) as url, Client(url) as client:
        prediction = client.predict(b"x")
    assert prediction.task.name == "segmentation"
    assert prediction.answer.mask.shape == (2, 3)


def test_no_server_says_how_to_start_one(tmp_path: Path) -> None:
    _, port, _ = local._ports(0, 0, tmp_path)
    with Client(f"http://127.0.0.1:{port}") as client, pytest.raises(ServingError, match="pylib serve"):
        client.predict(b"x")


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with Client(url) as client, pytest.raises(ServingError):
        client.predict(b"x")
