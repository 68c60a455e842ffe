"""Several processes behind one port: they share connections and limits, add up figures, and end together."""

import gc
import os
import re
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from pylib.serving import local, options, processors
from pylib.serving.client import Client
from pylib.serving.deployment import SeldonDeployment
from pylib.serving.limits import Limits
from pylib.serving.processes import Scoreboard
from tests.serving.protocols.seldon.slow_server import launched
from tests.serving.test_server import LISTEN, group_members, wait_until

PROCESSES = 3

# The server as it is, but that its second process loads once there is a file `go`, or fails then.
LATE = """
import os, time
from pathlib import Path
from pylib.errors import ServingError
from pylib.serving import host
from pylib.serving.engine import Engine, Identity
first = os.getpid()
class Late(Engine):
    sample_bits = None
    def load(self):
        while os.getpid() != first and not os.path.exists("go"):
            time.sleep(0.02)
        if os.getpid() != first and {fails}:
            raise ServingError("the disk is full")
        Path("loaded").touch()
    def _loaded(self):
        return None
    def answer(self, image):
        Path("begun").touch()
        time.sleep(60)
host.serve(Late(Identity("", "", ""), artifacts="", log=None), host.options("127.0.0.1", Path("none")))
"""


FEEDBACK = """
import sys, grpc
from seldon_core.proto.prediction_pb2 import Feedback
from seldon_core.proto.prediction_pb2_grpc import SeldonStub
with grpc.insecure_channel(sys.argv[1]) as channel:
    calls = [SeldonStub(channel).SendFeedback.future(Feedback(reward=1), timeout=60) for _ in range(24)]
    print(*(each.code().name for each in calls))
"""

LIMITS = st.builds(
    Limits,
    calls=st.integers(1, 999),
    connections=st.integers(1, 9999),
    held_bytes=st.integers(0, 2**30),
    body_bytes=st.integers(1, 2**30),
)


@given(LIMITS, st.integers(1, 64))
def test_the_shares_of_the_processes_are_no_more_than_the_whole(limits: Limits, processes: int) -> None:
    share = limits.share(processes)
    assert share.calls * processes <= limits.calls or share.calls == 1
    assert share.connections * processes <= limits.connections or share.connections == 1
    assert share.held_bytes * processes <= limits.held_bytes or share.held_bytes <= limits.body_bytes
    assert share.held_bytes >= min(limits.held_bytes, limits.body_bytes), "the largest request has room"
    assert share._replace(calls=0, connections=0, held_bytes=0) == limits._replace(
        calls=0, connections=0, held_bytes=0
    ), "nothing else is shared out"


@given(st.lists(st.integers(0, 1024), min_size=1, max_size=8))
def test_who_has_the_fewest_connections_leaves_none_to_others(counts: list[int]) -> None:
    board = Scoreboard(len(counts))
    for number, count in enumerate(counts):
        board.become(number)
        assert not board.all_ready()
        board.count(count)
        board.set_ready()
    assert board.all_ready()
    for number, count in enumerate(counts):
        board.become(number)
        assert board.another_has_fewer() == (count > min(counts))


@pytest.mark.parametrize(
    ("told", "processors_", "gigabytes", "expected"),
    [
        ({}, 1, 2, (1, 1)),
        ({}, 2, 1.5, (2, 1)),
        ({}, 2, 0.5, (1, 3)),
        ({}, 2, 0.25, (1, 3)),
        ({}, 4, 1.5, (2, 3)),
        ({}, 4, 2.0, (3, 3)),
        ({}, 64, 256, (4, 17)),
        ({"SERVING_THREADS": "1"}, 2, 4, (1, 1)),
        ({"SERVING_THREADS": "7"}, 2, 4, (1, 7)),
        ({"SERVING_THREADS": "6"}, 2, 4, (2, 3)),
        ({"SERVING_PROCESSES": "1"}, 2, 4, (1, 3)),
        ({"SERVING_PROCESSES": "8", "SERVING_THREADS": "8"}, 2, 4, (8, 1)),
        ({"GUNICORN_WORKERS": "3", "SERVING_THREADS": "0"}, 2, 4, (3, 1)),
    ],
)
def test_processes_and_threads_suit_the_pods_limits_unless_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
    told: dict[str, str],
    processors_: int,
    gigabytes: float,
    expected: tuple[int, int],
) -> None:
    for name in ("SERVING_PROCESSES", "GUNICORN_WORKERS", "SERVING_THREADS"):
        monkeypatch.setenv(name, told.get(name, ""))
    monkeypatch.setattr(processors, "available", lambda: processors_)
    monkeypatch.setattr(processors, "memory", lambda: int(gigabytes * 2**30))
    found = options.options("", Path("none"))
    assert (found.processes, found.threads) == expected


@pytest.fixture
def server(
    tmp_path: Path, deployment: SeldonDeployment, artifacts: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[local.Server]:
    monkeypatch.setenv("SERVING_PROCESSES", str(PROCESSES))
    yield local.start(deployment, artifacts=artifacts, folder=tmp_path / "server", port=0)
    local.stop(tmp_path / "server")


@pytest.mark.slow
def test_connections_are_spread_and_answers_added_up(
    server: local.Server, photograph: Callable[..., bytes]
) -> None:
    image = photograph(0)
    gc.collect()  # which closes those by which it was asked whether it is ready
    wait_until(lambda: not connections(server), seconds=5)
    with ThreadPoolExecutor(2 * PROCESSES) as pool, ExitStack() as stack:
        clients = [stack.enter_context(Client(server.url)) for _ in range(2 * PROCESSES)]
        assert len(list(pool.map(lambda client: client.predict(image), clients))) == len(clients)
        spread = connections(server)
        assert len(spread) == PROCESSES, spread
        assert max(spread.values()) - min(spread.values()) <= 2, spread
    assert figure(server, "model_predictions_total") == len(clients)
    assert figure(server, "model_prediction_seconds_count") == len(clients)
    assert figure(server, "model_requests_total", 'code="200"') == len(clients)
    names = re.findall(r"^# TYPE (\S+)", figures(server).text, re.MULTILINE)
    assert len(names) == len(set(names)), "the format has one group of series for each name"


@pytest.mark.slow
@pytest.mark.parametrize("which", ["the first", "another"])
def test_where_one_process_is_killed_all_end(server: local.Server, which: str) -> None:
    others = [pid for pid in group_members(server.pid) if pid != server.pid]
    assert len(others) == PROCESSES - 1
    os.kill(server.pid if which == "the first" else others[0], signal.SIGKILL)
    _, status = os.waitpid(server.pid, 0)
    wait_until(lambda: not group_members(server.pid), seconds=5)
    if which == "another":
        assert os.waitstatus_to_exitcode(status) == 1
        said = Path(server.log).read_text().splitlines()[-1]
        assert said == f"error: process {others[0]} of this server has ended"
    wait_until(lambda: is_free(server.grpc_port), seconds=5)


@pytest.mark.slow
def test_figures_are_those_of_all_processes_or_none(
    server: local.Server, photograph: Callable[..., bytes]
) -> None:
    for _ in range(PROCESSES):
        with Client(server.url) as client:
            client.predict(photograph(0))
    silent = next(pid for pid in group_members(server.pid) if pid != server.pid)
    os.kill(silent, signal.SIGSTOP)
    try:
        assert figures(server).status_code == 500
        assert f"process {silent} of this server says nothing" in Path(server.log).read_text()
    finally:
        os.kill(silent, signal.SIGCONT)
    wait_until(lambda: figures(server).ok)
    with Client(server.url) as client:
        client.predict(photograph(0))
    assert figure(server, "model_predictions_total") == PROCESSES + 1, "and not those of the question before"


@pytest.mark.slow
def test_figures_are_said_to_the_end(
    tmp_path: Path, deployment: SeldonDeployment, artifacts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answers a call for as long as it may while the others have ended."""
    monkeypatch.setenv("SERVING_PROCESSES", str(PROCESSES))
    server = local.start(deployment, artifacts=artifacts, folder=tmp_path, port=0)
    gc.collect()
    wait_until(lambda: not connections(server), seconds=5)
    port = int(server.url.rpartition(":")[2])
    unfinished = [socket.create_connection(("127.0.0.1", port)) for _ in range(PROCESSES)]
    for each in unfinished:
        each.sendall(b"POST /predict HTTP/1.1\r\n")
    wait_until(lambda: len(connections(server)) == PROCESSES)
    mine = {pid: each for each in unfinished for pid in connections(server) if _is_of(each, pid)}
    os.kill(server.pid, signal.SIGTERM)
    for pid, each in mine.items():
        if pid != server.pid:
            each.close()
    wait_until(lambda: group_members(server.pid) == [server.pid])
    assert figures(server).ok
    mine[server.pid].close()
    assert os.waitstatus_to_exitcode(os.waitpid(server.pid, 0)[1]) == 0


@contextmanager
def late_server(folder: Path, *, fails: bool) -> Iterator[tuple[subprocess.Popen[bytes], int, int]]:
    server = launched(folder, LATE.format(fails=fails), SERVING_PROCESSES="2")
    process = server.process
    try:
        yield process, server.http, server.grpc
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def status(port: int) -> int:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health/status", timeout=5).status_code
    except requests.ConnectionError:
        return 0


@pytest.mark.slow
def test_it_is_ready_once_all_its_processes_are(tmp_path: Path) -> None:
    with late_server(tmp_path, fails=False) as (_, http, grpc):
        wait_until((tmp_path / "loaded").exists, seconds=60)
        assert {status(http) for _ in range(20)} == {503}
        assert not is_free(grpc), "no other program shares it meanwhile"
        (tmp_path / "go").touch()
        wait_until(lambda: status(http) == 200)
        assert {status(http) for _ in range(20)} == {200}


@pytest.mark.slow
def test_what_another_process_cannot_do_is_said_once(tmp_path: Path) -> None:
    with late_server(tmp_path, fails=True) as (process, _, _):
        wait_until((tmp_path / "loaded").exists, seconds=60)
        (tmp_path / "go").touch()
        assert process.wait(30) == 1
        said = [line for line in (tmp_path / "server.log").read_text().splitlines() if "error" in line]
        assert said == ["error: the disk is full"]


def is_free(port: int) -> bool:
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


@pytest.mark.slow
def test_a_call_that_hangs_does_not_keep_it_when_another_process_ends(tmp_path: Path) -> None:
    with late_server(tmp_path, fails=False) as (process, http, _):
        (tmp_path / "go").touch()
        wait_until(lambda: status(http) == 200, seconds=60)
        body = b'{"data": {"ndarray": [[[1, 1, 1]]]}}'
        head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d"
        calls = [socket.create_connection(("127.0.0.1", http)) for _ in range(4)]
        for each in calls:
            each.sendall(head % len(body) + b"\r\n\r\n" + body)
        wait_until((tmp_path / "begun").exists)
        others = [pid for pid in group_members(process.pid) if pid != process.pid]
        os.kill(others[0], signal.SIGKILL)
        assert process.wait(10) == 1
        assert f"error: process {others[0]} of this server has ended" in (tmp_path / "server.log").read_text()
        for each in calls:
            each.close()


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


@pytest.mark.slow
def test_told_to_end_while_it_loads_it_ends_well(tmp_path: Path) -> None:
    with late_server(tmp_path, fails=False) as (process, http, _):
        wait_until(lambda: status(http) == 503, seconds=60)
        os.killpg(process.pid, signal.SIGINT)
        (tmp_path / "go").touch()
        assert process.wait(30) == 0
        assert "error" not in (tmp_path / "server.log").read_text()


@pytest.mark.slow
def test_a_connection_that_another_process_does_not_take_is_taken(server: local.Server) -> None:
    """That one stands still with fewer connections than the others."""
    gc.collect()
    wait_until(lambda: not connections(server), seconds=5)
    still = next(pid for pid in group_members(server.pid) if pid != server.pid)
    os.kill(still, signal.SIGSTOP)
    try:
        for _ in range(3 * PROCESSES):
            assert requests.get(f"{server.url}/health/ping", timeout=5).text == "pong"
        with ExitStack() as stack:
            for _ in range(2 * PROCESSES):
                session = stack.enter_context(requests.Session())
                assert session.get(f"{server.url}/health/ping", timeout=5).text == "pong"
            assert still not in connections(server)
    finally:
        os.kill(still, signal.SIGCONT)


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


def _is_of(client: socket.socket, pid: int) -> bool:
    """Whether a process has the other end of a connection."""
    port = f":{client.getsockname()[1]:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    there = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(port)}
    return any(_link(file) in there for file in Path(f"/proc/{pid}/fd").iterdir())
