"""What is too slow, too much or too large for a server: it is refused, and the others are answered."""

import json
import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.protocols.seldon.slow_server import THREADS, SlowServer, answered, slow_server
from tests.serving.test_server import wait_until

pytestmark = pytest.mark.slow
CALLS = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlowServer]:
    folder = tmp_path_factory.mktemp("limits")
    with slow_server(folder, calls=CALLS, receive_seconds=1.5, idle_seconds=2, answer_seconds=4) as one:
        yield one


def said(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """An answer to its end: status, headers, body."""
    with connection, connection.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        lines = iter(stream.readline, b"\r\n")
        headers = dict(line.decode().strip().lower().split(": ", 1) for line in lines)
        return status, headers, stream.read(int(headers["content-length"]))


def sent(server: SlowServer, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.http), timeout=30)
    connection.sendall(data)
    return connection


def sentence(body: bytes) -> str:
    return json.loads(body)["status"]["info"]


def test_what_is_too_much_is_told_when_to_come_back_and_the_others_are_answered(server: SlowServer) -> None:
    before = server.begun
    accepted = [server.rest(1) for _ in range(CALLS)]
    wait_until(lambda: server.begun == before + THREADS)
    status, headers, body = said(server.rest(0))
    assert (status, headers["retry-after"]) == (503, "1")
    assert sentence(body) == "4 calls wait already: ask again later"
    status, _, body = said(sent(server, b"GET /health/ping HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert (status, body) == (200, b"pong")
    assert [answered(each) for each in accepted] == [True] * CALLS
    assert answered(server.rest(0))


def test_feedback_that_waits_for_its_inbox_holds_up_no_prediction(tmp_path: Path) -> None:
    with slow_server(tmp_path, calls=32) as server:
        waiting = [server.feedback() for _ in range(8)]
        wait_until(lambda: server.begun == 4)
        assert answered(server.rest(0))
        status, headers, body = said(server.feedback())
        assert (status, headers["retry-after"]) == (503, "1")
        assert sentence(body) == "8 calls wait already: ask again later"
        assert [_readable(each) for each in waiting[4:]] == [False] * 4
        assert answered(server.rest(0))
        assert [answered(each) for each in waiting] == [True] * len(waiting)


def _readable(connection: socket.socket) -> bool:
    return bool(select.select([connection], [], [], 0)[0])


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"POST /predict HT",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
    ],
)
def test_who_does_not_send_it_all_is_not_waited_for(server: SlowServer, head: bytes) -> None:
    connection = sent(server, head)
    if not head:
        assert connection.recv(1) == b""
        return
    status, headers, body = said(connection)
    assert (status, headers["connection"]) == (408, "close")
    assert sentence(body) == "the request was not there after 1.5 s: send it faster"


def test_bodies_together_are_bounded_until_they_are_answered_or_given_up(tmp_path: Path) -> None:
    numbers = b'{"data": {"ndarray": [[[1, 1, 1]]]}' + b" " * 19_964 + b"}"
    post = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    post += b"Content-Length: %d\r\n\r\n" % len(numbers)
    with slow_server(tmp_path, held_bytes=3 * len(numbers)) as server:

        def ask() -> tuple[int, dict[str, str], bytes]:
            return said(sent(server, post + numbers))

        assert [ask()[0] for _ in range(5)] == [200] * 5, "what is answered is held no more"
        unfinished = [sent(server, post + numbers[:-1]) for _ in range(3)]
        wait_until(lambda: ask()[0] == 503)
        status, headers, body = ask()
        assert (status, headers["retry-after"]) == (503, "1")
        assert sentence(body) == "other requests fill the memory for bodies: ask again later"
        assert said(sent(server, b"GET /health/ping HTTP/1.1\r\nHost: x\r\n\r\n"))[0] == 200
        unfinished[0].close()
        wait_until(lambda: ask()[0] == 200)
        for each in unfinished[1:]:
            each.sendall(numbers[-1:])
            assert said(each)[0] == 200
        assert [ask()[0] for _ in range(5)] == [200] * 5


def test_an_answer_that_takes_too_long_is_not_waited_for(server: SlowServer) -> None:
    status, _, body = said(server.rest(6))
    assert (status, sentence(body)) == (504, "no answer within 4 s")


@pytest.mark.parametrize(
    "head", [b"X: " + b"a" * 40_000, b"\r\n".join(b"X-%d: a" % i for i in range(101))], ids=["long", "many"]
)
def test_a_huge_head_is_refused(server: SlowServer, head: bytes) -> None:
    status, _, body = said(sent(server, b"GET /metadata HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n"))
    assert status == 431, body
    assert sentence(body) == "the head has more than 100 headers or 32 KiB"


def test_requests_that_are_sent_ahead_are_answered_in_their_order(server: SlowServer) -> None:
    body = b'{"data": {"ndarray": [[[1, 1, 1]]]}}'
    post = (
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    with sent(
        server, post % len(body) + body + b"GET /health/ping HTTP/1.1\r\nHost: x\r\n\r\n"
    ) as connection:
        found = b""
        while not found.endswith(b"pong"):
            found += connection.recv(4096)
    assert found.index(b"slept") < found.index(b"pong")


def test_a_browser_may_ask_from_any_page(server: SlowServer) -> None:
    asked = b"Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n\r\n"
    status, headers, _ = said(
        sent(server, b"OPTIONS /predict HTTP/1.1\r\nHost: x\r\nOrigin: http://y\r\n" + asked)
    )
    assert (status, headers["access-control-allow-origin"]) == (200, "*")
    assert headers["access-control-allow-headers"] == "content-type"
    assert "post" in headers["access-control-allow-methods"]
