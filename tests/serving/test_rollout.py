"""One server after another behind one address, under load: no call over REST or gRPC fails."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pylib.serving import local
from pylib.serving.deployment import SeldonDeployment
from tests.on_cluster.serving import PROGRAM
from tests.serving.address import Address
from tests.serving.protocols.seldon.slow_server import ROOT
from tests.serving.protocols.seldon.test_shutdown import PRE_STOP
from tests.serving.test_server import group_members, wait_until

pytestmark = pytest.mark.slow
ROLLOUTS = 3
CONNECTIONS, PER_SECOND = 2, 40


@contextmanager
def load(http: Address, grpc: Address, said: Path) -> Iterator[None]:
    """The program that asks the model on a cluster too."""
    command = [str(local.serving_python()), "-c", PROGRAM.read_text(), f"http://127.0.0.1:{http.port}"]
    command += [f"127.0.0.1:{grpc.port}", str(CONNECTIONS), str(PER_SECOND)]
    with said.open("w") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def answers(said: Path) -> list[dict[str, str]]:
    """What there is of each call so far."""
    return [json.loads(line) for line in said.read_text().split("\n")[:-1]]


def go_on(said: Path) -> None:
    """Wait for some more answers of each kind."""
    before = len(answers(said))
    for protocol in ("rest", "grpc"):
        wait_until(lambda p=protocol: [e["protocol"] for e in answers(said)[before:]].count(p) > 10, 60)


def test_no_call_fails_while_servers_are_replaced(
    tmp_path: Path, deployment: SeldonDeployment, artifacts: str
) -> None:
    said = tmp_path / "answers.jsonl"
    servers = [local.start(deployment, artifacts=artifacts, folder=tmp_path / "0", port=0)]
    with Address(http_port(servers[0])) as http, Address(servers[0].grpc_port) as grpc:
        with load(http, grpc, said):
            go_on(said)
            for number in range(1, ROLLOUTS + 1):
                new = local.start(deployment, artifacts=artifacts, folder=tmp_path / str(number), port=0)
                http.backend, grpc.backend = http_port(new), new.grpc_port
                time.sleep(PRE_STOP)
                os.kill(servers[-1].pid, signal.SIGTERM)
                assert os.waitstatus_to_exitcode(os.waitpid(servers[-1].pid, 0)[1]) == 0
                assert not group_members(servers[-1].pid)
                servers.append(new)
                go_on(said)
        failed = [each for each in answers(said) if "error" in each]
        assert not failed, f"{len(failed)} of {len(answers(said))}: {failed[:3]}"
    local.stop(tmp_path / str(ROLLOUTS))


def http_port(server: local.Server) -> int:
    return int(server.url.rpartition(":")[2])
