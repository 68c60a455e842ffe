"""Our model server, of a model that takes as long as it is asked to: for tests of its end."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pylib.serving import local
from tests.serving.test_server import group_members, wait_until

ROOT = Path(__file__).parents[4]
THREADS = 2  # of a process, that compute for REST; as many calls at a time over gRPC

# The server as it is, but for what it computes: the first value of the image, in tenths of a second; and that
# it takes three seconds to keep feedback.
START = """
import time
from pathlib import Path
from pylib.serving import host
from pylib.serving.engine import Answer, Engine, Identity
class Slow(Engine):
    sample_bits = None
    def load(self): pass
    def check_ready(self): pass
    def answer(self, image):
        open(f"begun/{{time.monotonic_ns()}}", "w").close()
        time.sleep(image.pixels[0, 0, 0] / 10)
        return Answer({{"slept": True}}, {{}}, [], 0.0)
    def keep(self, feedback):
        open(f"begun/{{time.monotonic_ns()}}", "w").close()
        time.sleep(3)
        return {{}}
options = host.options("127.0.0.1", Path("annotations"))
options = options._replace(limits=options.limits._replace(**{limits}))
host.serve(Slow(Identity("", "", ""), artifacts="", log=None), options)
"""
FOR_EVER = 25.5  # seconds, the most that a pixel says
REMOTE_CALL = """
import sys, grpc
from seldon_core.proto.prediction_pb2 import DefaultData, SeldonMessage, Tensor
from seldon_core.proto.prediction_pb2_grpc import SeldonStub
tensor = Tensor(shape=[1, 1, 3], values=[float(sys.argv[2])] * 3)
with grpc.insecure_channel(sys.argv[1]) as channel:
    reply = SeldonStub(channel).Predict(SeldonMessage(data=DefaultData(tensor=tensor)), timeout=60)
assert reply.jsonData.struct_value["slept"], reply
"""


@dataclass(frozen=True)
class SlowServer:
    """A server in a process group of its own, and the folder where it notes which calls have begun."""

    process: subprocess.Popen[bytes]
    folder: Path
    http: int
    grpc: int

    @property
    def begun(self) -> int:
        """How many calls the model was given."""
        return len(list((self.folder / "begun").iterdir()))

    @property
    def processes(self) -> list[int]:
        """Those that are alive."""
        return group_members(self.process.pid)

    def rest(self, seconds: float) -> socket.socket:
        """Send a call that takes so long, on a connection of its own."""
        body = json.dumps({"data": {"ndarray": [[[round(10 * seconds)] * 3]]}}).encode()
        head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        connection = socket.create_connection(("127.0.0.1", self.http), timeout=60)
        connection.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
        return connection

    def feedback(self) -> socket.socket:
        """Send feedback, which an inbox takes three seconds to keep, on a connection of its own."""
        connection = socket.create_connection(("127.0.0.1", self.http), timeout=60)
        head = "POST /api/v1.0/feedback HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        body = json.dumps({"response": {}, "reward": 1})
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        return connection

    def remote_call(self, seconds: float) -> "subprocess.Popen[str]":
        """The same over gRPC; it prints the answer and exits with 0."""
        command = [
            str(local.serving_python()),
            "-c",
            REMOTE_CALL,
            f"127.0.0.1:{self.grpc}",
            str(round(10 * seconds)),
        ]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def answered(connection: socket.socket) -> bool:
    """Whether a call over REST got its answer, which it waits for."""
    try:
        with connection, connection.makefile("rb") as stream:
            return stream.readline().split()[1:2] == [b"200"]
    except OSError:
        return False


def launched(folder: Path, program: str, **told: str) -> SlowServer:
    """A program that serves, in a process group of its own; its log is `server.log`."""
    http, grpc, metrics = local._ports(0, 0, folder)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": str(http),
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": str(grpc),
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": str(metrics),
        **told,
    }
    command = [str(local.serving_python()), "-c", program]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
    return SlowServer(process, folder, http, grpc)


@contextmanager
def slow_server(folder: Path, *, processes: int = 1, **limits: float) -> Iterator[SlowServer]:
    """A server with these limits that is ready; nothing of it is left afterwards."""
    (folder / "begun").mkdir(parents=True)
    told = {"SERVING_PROCESSES": str(processes), "SERVING_THREADS": str(THREADS * processes)}
    server = launched(folder, START.format(limits=limits), **told)
    http, grpc, process = server.http, server.grpc, server.process
    try:
        for port in (http, grpc):
            wait_until(lambda port=port: _listens(port), seconds=60)
        yield server
    finally:
        for pid in server.processes:
            os.kill(pid, signal.SIGKILL)
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
