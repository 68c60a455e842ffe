"""Asks a server over and over on so many connections, and prints each latency in seconds, as JSON.

    python load.py HOST:PORT PATH BODY CONNECTIONS SECONDS

One process, one loop, prepared bytes: it takes little of the processors that the server needs too.
"""

import json
import selectors
import socket
import sys
import time
from pathlib import Path


class Connection:
    """One client: it asks again as soon as it has its answer, and connects anew where the server wants it."""

    def __init__(self, address: tuple[str, int], request: bytes) -> None:
        self.address, self.request = address, request
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(self.address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def ask(self) -> None:
        self.asked = time.perf_counter()
        self.socket.sendall(self.request)

    def read(self) -> bool | None:
        """True where the answer is whole, None where the server has closed before it began."""
        data = self.socket.recv(1 << 18)
        if not data:
            if self.buffer:
                sys.exit("the server closed in the middle of an answer")
            return None
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return False
        fields = head.lower().split(b"\r\n")
        if fields[0].split()[1] != b"200":
            sys.exit(f"the server answered {self.buffer[:2000]!r}")
        length = next(int(field[15:]) for field in fields if field.startswith(b"content-length:"))
        self.closes = b"connection: close" in fields
        return len(body) >= length


def main(address: str, path: str, body: str, connections: int, seconds: float) -> None:
    host, port = address.split(":")
    data = Path(body).read_bytes()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(data)}"
    latencies, selector = [], selectors.DefaultSelector()
    for _ in range(connections):
        each = Connection((host, int(port)), head.encode() + b"\r\n\r\n" + data)
        selector.register(each.socket, selectors.EVENT_READ, each)
        each.ask()
    end, open_ = time.perf_counter() + seconds, connections
    while open_:
        for key, _ in selector.select():
            each = key.data
            done = each.read()
            if done is False:
                continue
            now = time.perf_counter()
            if done:
                latencies.append(now - each.asked)
            if done is None or each.closes or now > end:
                selector.unregister(each.socket)
                each.socket.close()
                if now > end:
                    open_ -= 1
                    continue
                each.connect()
                selector.register(each.socket, selectors.EVENT_READ, each)
            each.buffer = b""
            each.ask()
    print(json.dumps(latencies))


if __name__ == "__main__":
    address, path, body, connections, seconds = sys.argv[1:]
    main(address, path, body, int(connections), float(seconds))
