"""The front of a split: what reaches a predictor and what comes back, byte by byte, over real sockets."""

import http.client
import json
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pylib.serving import local, split
from pylib.serving.split import Backend
from tests.serving.protocols.seldon.slow_server import ROOT
from tests.serving.test_server import wait_until

pytestmark = pytest.mark.slow
Front = Callable[..., int]
MEBI = 2**20


class Echo(BaseHTTPRequestHandler):
    """Says what it was sent; a path can ask for another status, or for a silence."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, body))  # type: ignore[attr-defined]
        if self.path == "/hangs":
            self.server.go_on.wait(30)  # type: ignore[attr-defined]
        said = {"path": self.path, "bytes": len(body), "headers": dict(self.headers.items())}
        content = json.dumps(said).encode()
        self.send_response(418 if self.path == "/teapot" else 200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Own", "kept")
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def echo() -> Iterator[Callable[[], ThreadingHTTPServer]]:
    """A function: another server that says what it was sent."""
    made = []

    def make() -> ThreadingHTTPServer:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        server.seen, server.go_on = [], threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.append(server)
        return server

    yield make
    for server in made:
        server.go_on.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """The table and the port of a front, which runs as `pylib serve` runs it."""
    file = tmp_path_factory.mktemp("split") / split.FILE
    ports = free_ports(2)
    command = [str(local.serving_python()), "-m", "pylib.serving.split_server", str(file)]
    command += ["--http", str(ports[0]), "--grpc", str(ports[1])]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        wait_until(lambda: answers(ports[0]))
        yield file, ports[0]
        process.terminate()
        assert process.wait(20) == 0


@pytest.fixture
def front(place: tuple[Path, int]) -> Front:
    """A function: servers with their traffic to the port of a front before them."""

    def stand(*behind: tuple[ThreadingHTTPServer, int]) -> int:
        write(place[0], *[(server.server_address[1], traffic) for server, traffic in behind])
        return place[1]

    return stand


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def write(file: Path, *behind: tuple[int, int]) -> None:
    """Write the table: ports of HTTP with their traffic."""
    split.write(file, [Backend(f"p{at}", traffic, port, 0, "") for at, (port, traffic) in enumerate(behind)])


def ask(port: int, path: str = "/", body: bytes = b"x", **headers: str) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    said = response.read()
    connection.close()
    return response.status, json.loads(said)


def raw(port: int, sent: bytes) -> bytes:
    """All that comes back for these bytes until the front closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_what_was_sent_comes_through_and_what_was_said_comes_back(front: Front, echo: Callable) -> None:
    port = front((echo(), 100))
    status, said = ask(port, "/api?a=1%20b", b"\0\xff" * MEBI, **{"Content-Type": "image/png", "X-Mine": "2"})
    assert (status, said["path"], said["bytes"]) == (200, "/api?a=1%20b", 2 * MEBI)
    headers = said["headers"]
    assert (headers["content-type"], headers["x-mine"]) == ("image/png", "2")
    assert len(headers["x-request-id"]) == 36
    assert ask(port, **{"X-Request-Id": "mine"})[1]["headers"]["x-request-id"] == "mine"
    assert ask(port, "/teapot")[0] == 418
    assert raw(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 204 No Content\r\n")


def test_chunks_and_a_client_that_waits_for_leave(front: Front, echo: Callable) -> None:
    port = front((echo(), 100))
    head = b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    said = raw(port, head + b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n")
    assert json.loads(said.partition(b"\r\n\r\n")[2])["bytes"] == 13
    waits = b"POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nok"
    said = raw(port, waits)
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_requests_of_one_connection_are_split_and_the_table_may_change(front: Front, echo: Callable) -> None:
    one, two = echo(), echo()
    port = front((one, 75), (two, 25))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def go(times: int) -> None:
        for _ in range(times):
            connection.request("POST", "/", b"x")
            assert connection.getresponse().read()

    go(400)
    assert len(one.seen) + len(two.seen) == 400
    assert 46 <= len(two.seen) <= 154  # six standard deviations
    before = len(one.seen)
    front((two, 100))
    go(20)
    assert len(one.seen) == before
    connection.close()


def test_a_predictor_that_closes_connections_loses_no_request(front: Front, echo: Callable) -> None:
    server = echo()
    server.RequestHandlerClass = type("Closing", (Echo,), {"protocol_version": "HTTP/1.0"})
    port = front((server, 100))
    assert [ask(port)[0] for _ in range(10)] == [200] * 10


def test_a_predictor_that_is_not_there_is_named(front: Front, echo: Callable) -> None:
    gone = echo()
    gone.shutdown()
    gone.server_close()
    said = raw(front((gone, 100)), b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"predictor p0 does not answer" in said


def test_a_shadow_gets_copies_and_whatever_it_does_changes_nothing(front: Front, echo: Callable) -> None:
    champion, shadow = echo(), echo()
    port = front((champion, 100), (shadow, 0))
    champion.go_on.set()
    for at in range(8):  # the shadow answers none of them, and they are more than it is sent at once
        assert ask(port, "/hangs", b"%d" % at)[0] == 200
    assert [ask(port, "/b")[0] for _ in range(100)] == [200] * 100
    assert ("/hangs", b"0") in shadow.seen
    shadow.go_on.set()


@pytest.mark.parametrize("path", ["/api/v1.0/feedback", "/api/v0.1/feedback?a=b", "/send-feedback"])
def test_what_is_to_be_kept_is_not_copied(front: Front, echo: Callable, path: str) -> None:
    champion, shadow = echo(), echo()
    port = front((champion, 100), (shadow, 0))
    assert ask(port, path)[0] == 200
    assert ask(port, "/then", b"y")[0] == 200
    wait_until(lambda: len(shadow.seen) == 1)
    assert shadow.seen == [("/then", b"y")]
