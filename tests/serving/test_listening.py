"""Several processes behind one port: connections are spread over them, and none waits for one that hangs."""

import gc
import os
import re
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from pylib.serving import local
from pylib.serving.client import Client
from pylib.serving.deployment import SeldonDeployment
from tests.serving.process_group import PROCESSES, connections, figure, figures
from tests.serving.test_server import group_members, wait_until

FEEDBACK = """
import sys, grpc
from seldon_core.proto.prediction_pb2 import Feedback
from seldon_core.proto.prediction_pb2_grpc import SeldonStub
with grpc.insecure_channel(sys.argv[1]) as channel:
    calls = [SeldonStub(channel).SendFeedback.future(Feedback(reward=1), timeout=60) for _ in range(24)]
    print(*(each.code().name for each in calls))
"""


@pytest.mark.slow
def test_connections_are_spread_and_answers_added_up(
    several: local.Server, photograph: Callable[..., bytes]
) -> None:
    image = photograph(0)
    gc.collect()  # which closes those by which it was asked whether it is ready
    wait_until(lambda: not connections(several), seconds=5)
    with ThreadPoolExecutor(2 * PROCESSES) as pool, ExitStack() as stack:
        clients = [stack.enter_context(Client(several.url)) for _ in range(2 * PROCESSES)]
        assert len(list(pool.map(lambda client: client.predict(image), clients))) == len(clients)
        spread = connections(several)
        assert len(spread) == PROCESSES, spread
        assert max(spread.values()) - min(spread.values()) <= 2, spread
    assert figure(several, "model_predictions_total") == len(clients)
    assert figure(several, "model_prediction_seconds_count") == len(clients)
    assert figure(several, "model_requests_total", 'code="200"') == len(clients)
    names = re.findall(r"^# TYPE (\S+)", figures(several).text, re.MULTILINE)
    assert len(names) == len(set(names)), "the format has one group of series for each name"


@pytest.mark.slow
def test_a_connection_that_another_process_does_not_take_is_taken(several: local.Server) -> None:
    """That one stands still with fewer connections than the others."""
    gc.collect()
    wait_until(lambda: not connections(several), seconds=5)
    still = next(pid for pid in group_members(several.pid) if pid != several.pid)
    os.kill(still, signal.SIGSTOP)
    try:
        for _ in range(3 * PROCESSES):
            assert requests.get(f"{several.url}/health/ping", timeout=5).text == "pong"
        with ExitStack() as stack:
            for _ in range(2 * PROCESSES):
                session = stack.enter_context(requests.Session())
                assert session.get(f"{several.url}/health/ping", timeout=5).text == "pong"
            assert still not in connections(several)
    finally:
        os.kill(still, signal.SIGCONT)


@pytest.mark.slow
def test_feedback_that_its_inbox_keeps_is_acknowledged_however_many_come_at_once(
    tmp_path: Path, deployment: SeldonDeployment, artifacts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVING_PROCESSES", str(PROCESSES))
    inbox = (tmp_path / "inbox").as_uri()
    server = local.start(deployment, artifacts=artifacts, folder=tmp_path / "server", port=0, inbox=inbox)
    try:
        command = [str(local.serving_python()), "-c", FEEDBACK, f"127.0.0.1:{server.grpc_port}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stdout.split() == ["OK"] * 24, done
    finally:
        local.stop(tmp_path / "server")
