"""Messages over gRPC that do not end: together they hold so much, and others are answered beside them."""

import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from socket import create_connection, socket
from typing import Any

import grpc
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection

from benchmarks.servers import resources
from pylib.serving import local
from pylib.serving.deployment import SeldonDeployment
from pylib.serving.limits import Limits

pytestmark = pytest.mark.slow
METHOD = "/seldon.protos.Seldon/Predict"
HEADERS = [
    (":method", "POST"), (":scheme", "http"), (":path", METHOD), (":authority", "a"), ("te", "trailers"),
    ("content-type", "application/grpc"),
]  # fmt: skip
SIZE = Limits().message_bytes - 1024
CLIENTS = 60
MEBI = 2**20


class Lasting(H2Connection):
    """After GOAWAY, a stream that is open goes on (RFC 9113, 6.8): h2 would take no more for it."""

    def _receive_goaway_frame(self, frame: object) -> tuple[list[Any], list[Any]]:  # noqa: ARG002
        return [], []


class Unfinished:
    """A client that sends all but the last kilobyte of a message, as fast as the server lets it."""

    def __init__(self, connection: socket) -> None:
        self._socket, self.sent = connection, 0
        self._http = Lasting(H2Configuration(client_side=True))
        self._http.initiate_connection()
        self._http.send_headers(1, HEADERS)
        threading.Thread(target=self._send, daemon=True).start()

    def _send(self) -> None:
        self._socket.settimeout(60)
        try:
            while True:
                self._fill()
                self._socket.sendall(self._http.data_to_send())
                data = self._socket.recv(65536)
                if not data:
                    return
                self._http.receive_data(data)
        except OSError:  # the test is over
            return

    def _fill(self) -> None:
        """As much as the window takes."""
        while room := min(self._http.local_flow_control_window(1), SIZE - 1024 - self.sent):
            piece = bytes(min(room, self._http.max_outbound_frame_size))
            if not self.sent:
                piece = struct.pack(">BI", 0, SIZE) + piece[5:]
            self._http.send_data(1, piece)
            self.sent += len(piece)


@pytest.fixture
def own(tmp_path: Path, deployment: SeldonDeployment, artifacts: str) -> Iterator[local.Server]:
    yield local.start(deployment, artifacts=artifacts, folder=tmp_path, port=0, workers=2)
    local.stop(tmp_path)


def test_what_arrives_is_bounded_and_others_are_answered(own: local.Server) -> None:
    before = resources.memory(own.pid)
    with ExitStack() as stack:
        stalled = [unfinished(own, stack) for _ in range(4)]  # more than there are threads to compute
        settled(stalled)
        assert all(each.sent == SIZE - 1024 for each in stalled)
        assert asked(own) is grpc.StatusCode.INVALID_ARGUMENT  # and not DEADLINE_EXCEEDED
        clients = [*stalled, *[unfinished(own, stack) for _ in range(CLIENTS - 4)]]
        settled(clients)
        assert sum(each.sent for each in clients) < Limits().held_bytes + CLIENTS * MEBI
        assert resources.memory(own.pid) - before < 2 * Limits().held_bytes
    assert asked(own) is grpc.StatusCode.INVALID_ARGUMENT


def asked(server: local.Server) -> grpc.StatusCode:
    """What the server says of bytes that are no message."""
    address = f"127.0.0.1:{server.grpc_port}"
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as error:
        channel.unary_unary(METHOD)(b"\xff", timeout=30)
    return error.value.code()


def unfinished(server: local.Server, stack: ExitStack) -> Unfinished:
    return Unfinished(stack.enter_context(create_connection(("127.0.0.1", server.grpc_port))))


def settled(clients: list[Unfinished]) -> None:
    """Wait until nothing more is sent."""
    last, since = -1, time.monotonic()
    while time.monotonic() < since + 2:
        now = sum(each.sent for each in clients)
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(0.05)
