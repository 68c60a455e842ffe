"""What the tests see of the processes of one server: who has which connection, and what they counted."""

import re
import socket
from collections import Counter
from contextlib import suppress
from pathlib import Path

import requests

from pylib.serving import local
from tests.serving.test_server import LISTEN, group_members

PROCESSES = 3


def figures(server: local.Server) -> requests.Response:
    return requests.get(f"http://127.0.0.1:{server.metrics_port}/prometheus", timeout=30)


def figure(server: local.Server, name: str, label: str = "") -> float:
    """The sum of a metric's series with this label."""
    answer = figures(server)
    assert answer.ok, answer.text
    found = re.findall(rf"^{name}\{{(.*)\}} (\S+)$", answer.text, re.MULTILINE)
    return sum(float(value) for labels, value in found if label in labels)


def connections(server: local.Server) -> Counter[int]:
    """How many connections to its HTTP port each of its processes has."""
    port = int(server.url.rpartition(":")[2])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    there = {f"socket:[{row[9]}]" for row in rows if row[3] != LISTEN and row[1].endswith(f":{port:04X}")}
    return Counter(
        pid
        for pid in group_members(server.pid)
        for file in Path(f"/proc/{pid}/fd").iterdir()
        if _link(file) in there
    )


def _link(file: Path) -> str:
    with suppress(OSError):  # it has been closed meanwhile
        return str(file.readlink())
    return ""


def has_other_end(client: socket.socket, pid: int) -> bool:
    """Whether a process has the other end of a connection."""
    port = f":{client.getsockname()[1]:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    there = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(port)}
    return any(_link(file) in there for file in Path(f"/proc/{pid}/fd").iterdir())


def is_free(port: int) -> bool:
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False
