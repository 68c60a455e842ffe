"""Odd HTTP, sent to the model server and to the front of a split before it: both answer it alike."""

import re
import socket
import struct
from pathlib import Path

import pytest

from pylib.serving import local
from tests.serving.test_split_rest import place, write

__all__ = ["place"]
pytestmark = pytest.mark.slow
BODY = b'{"data": {"ndarray": [[[1, 2, 3]]]}}'
NAMED = b"Host: a\r\nContent-Type: application/json\r\n"
POST = b"POST /api/v1.0/predictions HTTP/1.1\r\n" + NAMED
SIZED = POST + b"Content-Length: %d\r\n" % len(BODY)
PARTS = POST + b"Transfer-Encoding: chunked\r\n"
WHOLE = SIZED + b"\r\n" + BODY
PING = b"GET /health/ping HTTP/1.1\r\nHost: a\r\n"
LARGE = b"Content-Length: %d\r\n" % (21 * 2**20)
CHUNKS = b"A;x=y\r\n" + BODY[:10] + b"\r\n%x\r\n" % (len(BODY) - 10) + BODY[10:] + b"\r\n0\r\n"

CASES: dict[str, tuple[bytes, list[int]]] = {
    "a sound request": (WHOLE, [200]),
    "leave is waited for": (SIZED + b"Expect: 100-continue\r\n\r\n" + BODY, [100, 200]),
    "leave is not given": (POST + LARGE + b"Expect: 100-continue\r\n\r\n", [413]),
    "a length, and chunks": (SIZED + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS + b"\r\n", [400]),
    "chunks, and a length": (PARTS + b"Content-Length: 5\r\n\r\n" + CHUNKS + b"\r\n", [400]),
    "two lengths": (SIZED + b"Content-Length: 5\r\n\r\n" + BODY, [400]),
    "a negative length": (POST + b"Content-Length: -1\r\n\r\n", [400]),
    "no length": (POST + b"\r\n", [411]),
    "more than is sent": (POST + b"Content-Length: 999\r\n\r\n" + BODY, []),
    "more than is taken": (POST + LARGE + b"\r\n" + bytes(21 * 2**20), [413]),
    "chunks": (PARTS + b"\r\n" + CHUNKS + b"\r\n", [200]),
    "trailers": (PARTS + b"Trailer: X\r\n\r\n" + CHUNKS + b"X: 1\r\nY: 2\r\n\r\n", [200]),
    "long trailers": (PARTS + b"\r\n" + CHUNKS + b"X: " + b"t" * 70_000 + b"\r\n\r\n", [431]),
    "broken trailers": (PARTS + b"\r\n" + CHUNKS + b"\0\r\n\r\n", [400]),
    "a chunk of no number": (PARTS + b"\r\nz\r\n", [400]),
    "a chunk that is longer": (PARTS + b"\r\n5\r\nabcdefgh\r\n0\r\n\r\n", [400]),
    "an unknown coding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKS + b"\r\n", [400]),
    "HTTP/3.0": (WHOLE.replace(b"HTTP/1.1", b"HTTP/3.0"), [400]),
    "HTTP/1.0": (WHOLE.replace(b"HTTP/1.1", b"HTTP/1.0"), [200]),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
    "TLS": (bytes.fromhex("16030100f8010000f40303") + bytes(200), [400]),
    "no method": (b"FOO / HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    "a method that is not allowed": (b"PROPFIND /predict HTTP/1.1\r\nHost: a\r\n\r\n", [405]),
    "a tunnel": (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\nanything", [404]),
    "HEAD": (b"HEAD /health/status HTTP/1.1\r\nHost: a\r\n\r\n" + WHOLE, [200, 200]),
    "OPTIONS": (b"OPTIONS /predict HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n\r\n", [200]),
    "another protocol is wished for": (
        (PING + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n") * 2 + WHOLE,
        [200, 200, 200],
    ),
    "many requests ahead": (WHOLE * 5, [200] * 5),
    "a target of no letters": (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    "a target with a code": (b"GET /health/pin%67?a=%20#b HTTP/1.1\r\nHost: a\r\n\r\n", [200]),
    "no colon": (SIZED + b"none\r\n\r\n" + BODY, [400]),
    "a bare CR": (SIZED + b"X: a\rb\r\n\r\n" + BODY, [400]),
    "letters of Latin 1": (SIZED + b"X: \xff\xfe\r\n\r\n" + BODY, [200]),
    "a packed body": (SIZED + b"Content-Encoding: gzip\r\n\r\n" + BODY, [415]),
    "a long header": (SIZED + b"X: " + b"x" * 70_000 + b"\r\n\r\n" + BODY, [431]),
    "many headers": (SIZED + b"".join(b"X%d: y\r\n" % n for n in range(120)) + b"\r\n" + BODY, [431]),
    "a long target": (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", [431]),
    "another form of refusal": (
        b"POST /v2/models/model/infer HTTP/1.1\r\n" + NAMED + LARGE + b"Expect: 100-continue\r\n\r\n",
        [413],
    ),
}


@pytest.fixture
def both(server: local.Server, place: tuple[Path, int]) -> dict[str, int]:
    """The ports of the server and of the front before it."""
    port = int(server.url.rpartition(":")[2])
    write(place[0], (port, 100))
    return {"server": port, "front": place[1]}


@pytest.mark.parametrize("case", CASES)
def test_the_front_answers_as_the_server_does(both: dict[str, int], case: str) -> None:
    sent, statuses = CASES[case]
    said = {name: exchange(port, sent) for name, port in both.items()}
    assert {name: [status for status, _ in found] for name, found in said.items()} == {
        "server": statuses,
        "front": statuses,
    }
    if any(status >= 400 for status in statuses):
        assert said["front"] == said["server"]


def test_clients_that_leave_take_nothing_with_them(both: dict[str, int]) -> None:
    for number in range(30):
        with socket.create_connection(("127.0.0.1", both["front"])) as connection:
            connection.sendall([SIZED + b"\r\n" + BODY[:9], WHOLE, PARTS + b"\r\n5\r\nab"][number % 3])
            if number % 2:  # at once, and without a word
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert [status for status, _ in exchange(both["front"], WHOLE * 3)] == [200] * 3


def exchange(port: int, sent: bytes) -> list[tuple[int, bytes]]:
    """Status and body of each answer, to a client that sends this, and no more."""
    found, got = [], talk(port, sent)
    while got:
        head, _, got = got.partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
        size = int(length[1]) if length and not sent.startswith(b"HEAD") else 0
        sent = sent.removeprefix(b"HEAD")
        found.append((int(head.split(b" ")[1]), got[:size]))
        got = got[size:]
    return found


def talk(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))
