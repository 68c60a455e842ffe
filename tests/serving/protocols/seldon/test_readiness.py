"""A model server is ready once REST and gRPC both answer: probes and `pylib serve` ask REST alone."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
import requests

from pylib.serving import local
from pylib.serving.deployment import SeldonDeployment
from tests.serving.protocols.seldon.slow_server import ROOT
from tests.serving.test_server import group_members, wait_until

pytestmark = pytest.mark.slow

# The server as it is, on a machine so busy that gRPC is started late: once there is a file `go`.
START = """
import os, time
from pylib.serving import host, rpc
start = rpc.start
def start_late(*arguments, **more):
    while not os.path.exists("go"):
        time.sleep(0.05)
    return start(*arguments, **more)
rpc.start = start_late
host.main()
"""


def test_a_server_whose_grpc_does_not_listen_yet_is_not_ready(
    tmp_path: Path, deployment: SeldonDeployment, artifacts: str
) -> None:
    http, grpc, metrics = local._ports(0, 0, tmp_path)
    environment = {
        **os.environ,
        **deployment.environment(http=http, grpc=grpc, metrics=metrics),
        "ARTIFACT_STORE": artifacts,
        "PYTHONPATH": str(ROOT),
    }
    with (tmp_path / "server.log").open("wb") as log:
        command = [str(local.serving_python()), "-c", START]
        process = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_until(lambda: status(http)[0] == 503 and "gRPC" in status(http)[1], seconds=60)
        (tmp_path / "go").touch()
        wait_until(lambda: status(http)[0] == 200, seconds=60)
        with socket.create_connection(("127.0.0.1", grpc)):
            pass
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        wait_until(lambda: not group_members(process.pid))


def status(port: int) -> tuple[int, str]:
    """What the server says of itself: the code of the answer, 0 where none came, and its text."""
    try:
        answer = requests.get(f"http://127.0.0.1:{port}/health/status", timeout=5)
    except requests.ConnectionError:
        return 0, ""
    return answer.status_code, answer.text
