"""The end of a model server: what was accepted is answered, over REST and gRPC, and no process is left."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pylib.serving.limits import Limits
from pylib.serving.repository import SERVER
from tests.serving.protocols.seldon.slow_server import FOR_EVER, ROOT, THREADS, answered, slow_server
from tests.serving.test_server import wait_until

pytestmark = pytest.mark.slow
End = Callable[[int], None]
PRE_STOP = 10  # seconds, which Seldon's operator adds


def twice(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGTERM)


ENDS: dict[str, End] = {
    "SIGTERM": lambda pid: os.kill(pid, signal.SIGTERM),
    "SIGTERM twice": twice,
    "SIGINT": lambda pid: os.kill(pid, signal.SIGINT),
    "a terminal's Ctrl-C": lambda pid: os.killpg(pid, signal.SIGINT),
}


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_calls_that_were_accepted_are_answered(tmp_path: Path, end: End, processes: int) -> None:
    with slow_server(tmp_path, processes=processes) as server:
        remote = [server.remote_call(2) for _ in range(THREADS)]
        wait_until(lambda: server.begun == THREADS, seconds=60)
        rest = [server.rest(2) for _ in range(THREADS * processes)]
        wait_until(lambda: server.begun == THREADS * (1 + processes))
        queue = [server.rest(0.1) for _ in range(3 * processes)]  # connected, and no thread is free
        end(server.process.pid)
        assert all(answered(each) for each in (*rest, *queue))
        said = [each.communicate(timeout=60)[0] for each in remote]
        assert [each.returncode for each in remote] == [0] * THREADS, said
        assert server.process.wait(60) == 0
        assert server.processes == []


@pytest.mark.parametrize("processes", [1, 3])
def test_who_connects_at_the_last_moment_is_answered(tmp_path: Path, processes: int) -> None:
    """They come while the server stands still at its end, so that it finds them, unread, in its backlog."""
    with slow_server(tmp_path, processes=processes) as server:
        pid = server.process.pid
        os.kill(pid, signal.SIGTERM)
        time.sleep(0.25)
        os.killpg(pid, signal.SIGSTOP)
        time.sleep(0.5)
        late = [server.rest(0.1) for _ in range(5)]
        os.killpg(pid, signal.SIGCONT)
        assert [answered(each) for each in late] == [True] * 5
        assert server.process.wait(60) == 0


@pytest.mark.parametrize("processes", [1, 2])
def test_a_call_that_hangs_is_cut_after_the_grace(tmp_path: Path, processes: int) -> None:
    with slow_server(tmp_path, processes=processes, grace_seconds=1) as server:
        hanging = [server.remote_call(FOR_EVER), server.remote_call(0)]
        rest = server.rest(FOR_EVER)
        wait_until(lambda: server.begun == 3, seconds=60)
        os.kill(server.process.pid, signal.SIGTERM)
        assert server.process.wait(60) == 0
        assert server.processes == []
        assert not answered(rest)
        codes = [each.wait(60) for each in hanging]
        assert codes[0] != 0
        assert codes[1] == 0


def test_a_process_that_stands_still_is_killed_at_the_end(tmp_path: Path) -> None:
    with slow_server(tmp_path, processes=2, grace_seconds=1) as server:
        wait_until(lambda: len(server.processes) == 2)
        os.kill(next(pid for pid in server.processes if pid != server.process.pid), signal.SIGSTOP)
        os.kill(server.process.pid, signal.SIGTERM)
        assert server.process.wait(60) == 0
        wait_until(lambda: not server.processes)


def test_the_grace_fits_into_that_of_the_pod() -> None:
    added = {each["path"]: each["value"] for each in yaml.safe_load((ROOT / SERVER).read_text())}
    pod = added["/spec/predictors/0/componentSpecs"][0]["spec"]
    (container,) = pod["containers"]
    assert "lifecycle" not in container, "Seldon's own preStop is counted on"
    assert Limits().grace_seconds < pod["terminationGracePeriodSeconds"] - PRE_STOP
