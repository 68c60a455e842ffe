"""Several processes behind one port: they share connections and limits, add up figures, and end together."""

import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from pylib.serving import local
from pylib.serving.client import Client
from pylib.serving.processes import Scoreboard
from tests.serving.process_group import PROCESSES, connections, figure, figures, has_other_end, is_free
from tests.serving.protocols.seldon.slow_server import launched
from tests.serving.test_server import group_members, wait_until


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


# Two processes without a server: the first asks one that stands still, far more often than a pipe holds
# questions; then goes on, and hears figures that are larger than a pipe, at once and at the other's end.
ASKED = """
import asyncio, os, signal
from pylib.serving import processes
group = processes.start(2)
figures = b"x" * 2**22
async def first():
    group.watch(lambda: None, lambda: None, lambda reason: print(reason))
    other = group._others[0].pid
    os.kill(other, signal.SIGSTOP)
    processes._ASK_SECONDS = 0.001
    refused = 0
    for _ in range(3000):
        try:
            group.figures()
        except TimeoutError:
            refused += 1
    print(refused, "refused")
    os.kill(other, signal.SIGCONT)
    processes._ASK_SECONDS = 30.0
    print(len(*group.figures()), "asked")
    group.end()
    while other not in group._last:
        await asyncio.sleep(0.01)
    print(len(*group.figures()), "left")
async def second():
    end = asyncio.Event()
    group.watch(lambda: figures, end.set, lambda reason: os._exit(1))
    await end.wait()
    group.leave(figures * 2)
    os._exit(0)
asyncio.run(second() if group.number else first())
group.wait(10)
"""


def test_questions_that_are_not_answered_fill_no_pipe_and_figures_may_be_large() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKED], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines() == ["3000 refused", f"{2**22} asked", f"{2**23} left"], done


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


@pytest.mark.slow
@pytest.mark.parametrize("which", ["the first", "another"])
def test_where_one_process_is_killed_all_end(several: local.Server, which: str) -> None:
    others = [pid for pid in group_members(several.pid) if pid != several.pid]
    assert len(others) == PROCESSES - 1
    os.kill(several.pid if which == "the first" else others[0], signal.SIGKILL)
    _, status = os.waitpid(several.pid, 0)
    wait_until(lambda: not group_members(several.pid), seconds=5)
    if which == "another":
        assert os.waitstatus_to_exitcode(status) == 1
        said = Path(several.log).read_text().splitlines()[-1]
        assert said == f"error: process {others[0]} of this server has ended"
    wait_until(lambda: is_free(several.grpc_port), seconds=5)


@pytest.mark.slow
def test_figures_are_those_of_all_processes_or_none(
    several: local.Server, photograph: Callable[..., bytes]
) -> None:
    for _ in range(PROCESSES):
        with Client(several.url) as client:
            client.predict(photograph(0))
    silent = next(pid for pid in group_members(several.pid) if pid != several.pid)
    os.kill(silent, signal.SIGSTOP)
    try:
        assert figures(several).status_code == 500
        assert f"process {silent} of this server says nothing" in Path(several.log).read_text()
    finally:
        os.kill(silent, signal.SIGCONT)
    wait_until(lambda: figures(several).ok)
    with Client(several.url) as client:
        client.predict(photograph(0))
    assert figure(several, "model_predictions_total") == PROCESSES + 1, "and not those of the question before"


@pytest.mark.slow
def test_figures_are_said_to_the_end(several: local.Server) -> None:
    """The first answers a call for as long as it may while the others have ended."""
    gc.collect()
    wait_until(lambda: not connections(several), seconds=5)
    port = int(several.url.rpartition(":")[2])
    unfinished = [socket.create_connection(("127.0.0.1", port)) for _ in range(PROCESSES)]
    for each in unfinished:
        each.sendall(b"POST /predict HTTP/1.1\r\n")
    wait_until(lambda: len(connections(several)) == PROCESSES)
    mine = {pid: each for each in unfinished for pid in connections(several) if has_other_end(each, pid)}
    os.kill(several.pid, signal.SIGTERM)
    for pid, each in mine.items():
        if pid != several.pid:
            each.close()
    wait_until(lambda: group_members(several.pid) == [several.pid])
    assert figures(several).ok
    mine[several.pid].close()
    assert os.waitstatus_to_exitcode(os.waitpid(several.pid, 0)[1]) == 0


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
def test_told_to_end_while_it_loads_it_ends_well(tmp_path: Path) -> None:
    with late_server(tmp_path, fails=False) as (process, http, _):
        wait_until(lambda: status(http) == 503, seconds=60)
        os.killpg(process.pid, signal.SIGINT)
        (tmp_path / "go").touch()
        assert process.wait(30) == 0
        assert "error" not in (tmp_path / "server.log").read_text()


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
