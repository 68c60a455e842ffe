"""Requests over HTTP/1.1 as bytes: the head, the chunks, the pace; and what comes back."""

import random
import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import NamedTuple

from benchmarks.mutations.messages import Message, message

Draw = random.Random
_TLS = bytes.fromhex("16030100f8010000f40303") + bytes(200)
_HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)
_LARGE = 21 * 2**20


class Exchange(NamedTuple):
    """What is sent: pieces with a pause between two; ends: and then no more; closes: no answer is due."""

    kind: str
    pieces: list[bytes]
    pause: float = 0.0
    ends: bool = False
    closes: bool = False


class Outcome(NamedTuple):
    """The status of the first answer, "closed" where there was none; retry: its Retry-After; its body."""

    status: str
    retry: str = ""
    body: bytes = b""


def exchange(draw: Draw) -> Exchange:
    """A message as it should be sent, or one in five times not."""
    made = message(draw)
    if draw.random() < 0.8:
        return Exchange(made.kind, [head(made) + made.body])
    return draw.choice(_MUTATIONS)(draw, made)


def head(made: Message, *lines: str, method: str = "POST", length: int | None = -1) -> bytes:
    """A request's head; `length` other than -1 is said in the place of the true one, None is not said."""
    told = len(made.body) if length == -1 else length
    first = [f"{method} {made.path} HTTP/1.1", "Host: model", f"Content-Type: {made.content_type}"]
    named = [f"{name}: {value}" for name, value in made.headers]
    return "\r\n".join(
        [*first, *named, *([] if told is None else [f"Content-Length: {told}"]), *lines, "\r\n"]
    ).encode("latin-1")


def ask(address: tuple[str, int], sent: Exchange, seconds: float) -> Outcome:
    """Send it and read the first answer; raises TimeoutError where neither that nor the end comes in time."""
    until = time.monotonic() + seconds
    with closing(socket.create_connection(address, timeout=seconds)) as connection:
        with suppress(OSError):  # refused before it was all sent
            for number, piece in enumerate(sent.pieces):
                time.sleep(sent.pause if number else 0)
                connection.sendall(piece)
            if sent.ends:
                connection.shutdown(socket.SHUT_WR)
        return _first_answer(connection, until)


def _first_answer(connection: socket.socket, until: float) -> Outcome:
    data = b""
    with suppress(ConnectionResetError):
        while not _whole(data):
            connection.settimeout(max(0.01, until - time.monotonic()))
            more = connection.recv(1 << 16)
            if not more:
                break
            data = (data + more).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    if not data:
        return Outcome("closed")
    top, _, body = data.partition(b"\r\n\r\n")
    return Outcome(top[9:12].decode("latin-1"), _header(top, b"retry-after"), body)


def _whole(data: bytes) -> bool:
    top, end, body = data.partition(b"\r\n\r\n")
    return bool(end) and len(body) >= int(_header(top, b"content-length") or 0)


def _header(top: bytes, name: bytes) -> str:
    lines = [line.partition(b":") for line in top.split(b"\r\n")[1:]]
    return next((value.strip().decode("latin-1") for key, _, value in lines if key.lower() == name), "")


def _slow(draw: Draw, made: Message) -> Exchange:
    data = head(made) + made.body
    places = sorted(draw.randrange(len(data)) for _ in range(draw.randint(1, 6)))
    pieces = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
    return Exchange("wire: in slow pieces", pieces, pause=draw.choice([0.001, 0.01, 0.05]))


def _stops(draw: Draw, made: Message) -> Exchange:
    data = head(made) + made.body
    return Exchange("wire: ends in the middle", [data[: draw.randrange(len(data))]], ends=True, closes=True)


def _wrong_length(draw: Draw, made: Message) -> Exchange:
    length = draw.choice(
        [len(made.body) + 10, max(0, len(made.body) - 10), 10**18, 2**64, 2**64 + 1, None, 0]
    )
    return Exchange(
        "wire: wrong Content-Length", [head(made, length=length) + made.body], ends=True, closes=True
    )


def _odd_length(draw: Draw, made: Message) -> Exchange:
    said = draw.choice(["-1", "x", "1 2", "0x10", "+5", "", "1, 2", "²", "5\r\nContent-Length: 6"])
    data = head(made, f"Content-Length: {said}", length=None) + made.body
    return Exchange("wire: odd Content-Length", [data], ends=True, closes=True)


def _chunked(draw: Draw, made: Message) -> Exchange:
    size = draw.choice([1, 7, 1000, 100_000]) if len(made.body) < 10_000 else 100_000
    parts = [made.body[i : i + size] for i in range(0, len(made.body), size)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    return Exchange("wire: chunked", [head(made, "Transfer-Encoding: chunked", length=None), body])


def _bad_chunks(draw: Draw, made: Message) -> Exchange:
    bodies = [
        b"zz\r\n", b"-1\r\n", b"F" * 20 + b"\r\n", b"5\r\nab", b"5\r\nabcdefgh\r\n0\r\n\r\n",
        b"5;" + b"e" * 70_000,
        b"\r\n\r\n", b"0\r\nX: " + b"t" * 70_000, b"3\nabc\n0\n\n", draw.randbytes(50),
    ]  # fmt: skip
    both = draw.choice(
        ["Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: x"]
    )
    length = draw.choice([None, 5])
    return Exchange(
        "wire: bad chunks", [head(made, both, length=length), draw.choice(bodies)], ends=True, closes=True
    )


def _headers(draw: Draw, made: Message) -> Exchange:
    lines = draw.choice([
        ["X: " + "x" * draw.choice([30_000, 70_000, 1_000_000])],
        [f"X{n}: y" for n in range(draw.choice([90, 120, 5_000]))],
        ["X\0Y: z"], ["X: \0"], ["no colon"], [": empty"], ["X : y"], [" folded"], ["\x7f: y"],
        ["X: \xff\xfe"],
        ["Host: other"], ["Connection: Upgrade", "Upgrade: h2c"], ["Content-Encoding: gzip"],
        ["Cookie: " + "a=b;" * 4000],
        ["Inference-Header-Content-Length: 99999999999999999999"], ["Expect: 100-continue"], ["Expect: x"],
        ["Range: bytes=0-1"], ["Origin: null"], ["Accept-Encoding: gzip"], ["Connection: close"],
    ])  # fmt: skip
    return Exchange("wire: strange headers", [head(made, *lines) + made.body], ends=True, closes=True)


def _first_line(draw: Draw, _: Message) -> Exchange:
    lines = [
        b"GET", b"\r\n\r\n", b"POST /", b"POST / HTTP/9.9", b"POST / HTTP/1.0", b"G" * 100_000,
        b"GET /" + b"a" * 100_000,
        b"GET / HTTP/1.1", b"DELETE /predict HTTP/1.1", b"OPTIONS * HTTP/1.1", b"CONNECT a:1 HTTP/1.1",
        b"TRACE / HTTP/1.1",
        b"POST http://[::1/ HTTP/1.1", b"GET \xff HTTP/1.1", b"get / http/1.1", _TLS, _HTTP2,
        draw.randbytes(300), b"\0" * 300,
        b"HEAD /v2 HTTP/1.1", b"HTTP/1.1 200 OK",
    ]  # fmt: skip
    data = draw.choice(lines) + b"\r\nHost: a\r\n\r\n"
    return Exchange("wire: strange first line", [data], ends=True, closes=True)


def _many_at_once(draw: Draw, made: Message) -> Exchange:
    count = draw.choice([2, 5, 12])
    return Exchange(
        "wire: many requests ahead", [(head(made) + made.body) * count], ends=draw.random() < 0.5, closes=True
    )


def _large(draw: Draw, made: Message) -> Exchange:
    """One in fifty sends 21 MiB; others only say so."""
    if draw.random() < 0.02:
        return Exchange("wire: 21 MiB", [head(made, length=_LARGE), *[bytes(2**20)] * 21])
    return Exchange(
        "wire: 21 MiB said", [head(made, "Expect: 100-continue", length=_LARGE)], ends=True, closes=True
    )


_MUTATIONS: list[Callable[[Draw, Message], Exchange]] = [
    _slow, _stops, _wrong_length, _odd_length, _chunked, _bad_chunks, _headers, _headers, _first_line,
    _many_at_once,
    _large,
]  # fmt: skip
